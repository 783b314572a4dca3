import { expect, test } from 'vitest';
import { counted } from '../../src/report/counted.ts';
import { varianceLines } from '../../src/report/variance-lines.ts';
import { withError } from '../../src/report/with-error.ts';

test.each([
  [1.26, 0.065, '1.260 ± 0.065'],
  [4.34, 0.088, '4.340 ± 0.088'],
  [0.0529, 0.007, '0.0529 ± 0.0070'],
  [31.4, 10, '31 ± 10'],
  [1234.5, 56.7, '1235 ± 57'],
  [0.779, 0.0996, '0.78 ± 0.10'],
  [1.21e8, 2e7, '(1.21 ± 0.20)e+8'],
  [9.19e8, 2.7e8, '(9.2 ± 2.7)e+8'],
  [3.2e-7, 4.4e-9, '(3.200 ± 0.044)e-7'],
  [-15.5, 6.6e-16, '-15.50 ± 0.00'],
  [0, 0, '0.0 ± 0.0'],
  [0.5, Number.NaN, '0.5'],
  [Number.NaN, 1, 'n/a'],
])('%d ± %d', (value, error, text) => {
  expect(withError(value, error)).toBe(text);
});

test('a noun agrees with its number', () => {
  expect([counted(0, 'row'), counted(1, 'row'), counted(2, 'row')]).toEqual(['0 rows', '1 row', '2 rows']);
});

const learned = ['priorVariance', 'noiseVariance'] as const;
const sound = {
  hyperparameters: {
    noiseVariance: 0.5,
    noiseVariances: Float64Array.of(0.5),
    priorVariance: 2,
    learned,
    rowsUsed: 20,
  },
  rows: 20,
  jitter: 0,
};

test('variances that are sound take one line', () => {
  expect(varianceLines(sound)).toEqual(['noise variance 0.5 (learned), prior variance 2 (learned)']);
});

test.each<[string, Partial<(typeof sound)['hyperparameters']> & object, RegExp]>([
  ['a subset of the rows', { rowsUsed: 12 }, /^ {2}learned from 12 rows of 20, chosen at random$/],
  [
    'an estimate',
    {
      estimate: { logMarginalLikelihood: -1234.5, standardError: 5.67, truncation: 0.1, probes: 8, steps: 40 },
    } as object,
    /^ {2}learned from all 20 rows by products: log evidence -1235 ± 6 by 8 random vectors and 40 steps$/,
  ],
  [
    'an estimate whose steps were too few',
    {
      estimate: { logMarginalLikelihood: -1234.5, standardError: 5.67, truncation: 12.3, probes: 8, steps: 1 },
    } as object,
    / and 1 step, and up to 12\.3 more that these do not resolve$/,
  ],
  ['an edge', { onEdge: 'lower' } as object, /determine their ratio, which is at the lower end .* --noise or --prior/],
  [
    'an edge, with the noise given',
    { learned: ['priorVariance'], onEdge: 'lower' } as object,
    /determine the prior variance, which is at the upper end of the search; give it with --prior-variance$/,
  ],
  [
    'an edge, with the prior given',
    { learned: ['noiseVariance'], onEdge: 'lower' } as object,
    /determine the noise variance, which is at the lower end of the search; give it with --noise$/,
  ],
])('%s is said', (_, change, line) => {
  const lines = varianceLines({ ...sound, hyperparameters: { ...sound.hyperparameters, ...change } });
  expect(lines).toEqual([expect.any(String), expect.stringMatching(line)]);
});

test('jitter is said, and nothing about rows where nothing was learned', () => {
  const given = { ...sound.hyperparameters, learned: [], rowsUsed: 0 };
  expect(varianceLines({ ...sound, hyperparameters: given, jitter: 1e-10 })).toEqual([
    'noise variance 0.5 (given), prior variance 2 (given)',
    expect.stringMatching(/^ {2}a jitter of 1\.00e-10 was added .*--noise/),
  ]);
});
