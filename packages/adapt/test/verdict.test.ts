import { adapt, compareErrors, relationOf, verdict, type AdaptOptions, type Relation, type Verdict } from '@ntk/adapt';
import { describe, expect, test } from 'vitest';
import { makeProblem } from './problem.ts';
import { leaveOutConstant, leaveOutUntouched } from '../src/verdict/baselines.ts';

async function judge(options: Parameters<typeof makeProblem>[0]): Promise<Verdict> {
  const { network, backend, x, y } = await makeProblem(options);
  using adapted = await adapt(network, { x, y }, { backend });
  return (await verdict(adapted))!;
}

describe('verdict', () => {
  test('better where the target task differs smoothly from what the network does', async () => {
    const result = await judge({ n: 40, shift: 2 });
    expect(result.conclusion).toBe('better');
    expect(result.sentence).toMatch(/^Adapting helps: leave-one-out RMSE .* untouched, .* adapted \(40 examples\)/);
    expect(result.methods.map(({ method }) => method)).toEqual([
      'constant',
      'untouched network',
      'last layer',
      'adapted network',
    ]);
  });

  test('not distinguishable where the network is right already', async () => {
    const result = await judge({ n: 20, shift: 0 });
    expect(result.conclusion).not.toBe('better');
  });

  test('warns where a constant does better than the untouched network', async () => {
    const { network, backend, x, y } = await makeProblem();
    using adapted = await adapt(network, { x, y: y.map((value) => 100 + value) }, { backend });
    const result = (await verdict(adapted))!;
    expect(result.warnings.join()).toContain('worse than a constant');
  });

  test('scores every output on its own, leaving out whole examples', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 12, outputs: 3 });
    using adapted = await adapt(network, { x, y }, { backend, noise: 0.02, priorVariance: 0.3 });
    const { leftOut, methods } = (await verdict(adapted))!;
    expect(methods.every(({ scores }) => scores.length === 3)).toBe(true);
    // By brute force: example 5 predicted from the eleven others.
    const keep = (values: Float64Array, width: number): Float64Array =>
      values.filter((_, i) => Math.floor(i / width) !== 5);
    using others = await adapt(network, { x: keep(x, 2), y: keep(y, 3) }, { backend, noise: 0.02, priorVariance: 0.3 });
    const predicted = await others.predict(x.slice(10, 12));
    for (let output = 0; output < 3; output++) {
      expect(leftOut.mean[15 + output]).toBeCloseTo(predicted.mean[output]!, 9);
      expect(leftOut.variance[15 + output]).toBeCloseTo(predicted.variance[output]! + 0.02, 9);
    }
  });

  test('of many outputs the sentence has the range', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 20, outputs: 5 });
    using adapted = await adapt(network, { x, y }, { backend, noise: 0.02, priorVariance: 0.3 });
    const { sentence, methods } = (await verdict(adapted))!;
    const errors = methods.at(-1)!.scores.map(({ rmse }) => rmse.value);
    const short = (value: number): string => String(Number(value.toPrecision(3)));
    expect(sentence).toContain(`${short(Math.min(...errors))} to ${short(Math.max(...errors))} adapted (20 examples)`);
    expect(sentence).not.toContain(' and ');
  });

  test('no success where a constant does as well', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 30 });
    const noise = y.map((_, i) => 100 + ((i * 7919) % 13) / 4);
    using adapted = await adapt(network, { x, y: noise }, { backend });
    const result = (await verdict(adapted))!;
    expect(result.conclusion).toBe('not distinguishable');
    expect(result.sentence).toContain('not than a constant');
  });

  test('a gain of less than one per cent is none, however consistent', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 40, shift: 2 });
    using adapted = await adapt(network, { x, y }, { backend, noise: 1e7, priorVariance: 1 });
    const result = (await verdict(adapted))!;
    expect(result.conclusion).toBe('not distinguishable');
    expect(result.warnings.join()).toContain('intervals');
  });

  test('a catastrophe is worse even if a few errors drown the mean', () => {
    const y = new Float64Array(40);
    const before = y.map((_, i) => (i % 2 === 0 ? 0.1 : -0.1));
    const after = y.map((_, i) => (i === 0 ? 1e6 : 0.5));
    expect(relationOf(compareErrors(y, { before, after, c: 1 }))).toBe('worse');
  });

  test('says where the noise variance is below the rounding of the kernel', async () => {
    const { network, backend, x, y } = await makeProblem();
    const warned = async (how: Pick<AdaptOptions, 'dtype' | 'productDtype'>): Promise<string> => {
      const by = { space: 'function', solver: 'cholesky' } as const;
      using adapted = await adapt(network, { x, y }, { backend, ...how, ...by, noise: 1e-7, priorVariance: 1 });
      return (await verdict(adapted))!.warnings.join();
    };
    expect(await warned({ dtype: 'float32', productDtype: 'float32' })).toContain(
      'below the rounding of a float32 kernel',
    );
    expect(await warned({ dtype: 'float32' })).not.toContain('rounding');
    expect(await warned({ dtype: 'float64' })).not.toContain('rounding');
  });

  test('three examples need a larger difference than thirty', () => {
    const shifted = (n: number): Relation => {
      const y = new Float64Array(n);
      const before = y.map((_, i) => 1 + (i % 3) / 2);
      const after = y.map((_, i) => 0.9 + (i % 3) / 4);
      return relationOf(compareErrors(y, { before, after, c: 1 }));
    };
    expect(shifted(3)).toBe('not distinguishable');
    expect(shifted(30)).toBe('better');
  });

  test('by products: five folds, each predicted from the others', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 24, outputs: 2, shift: 2 });
    const given = { backend, noise: Float64Array.of(0.02, 0.05), priorVariance: 0.3 };
    using adapted = await adapt(network, { x, y }, { ...given, solver: 'cg', rtol: 1e-10 });
    const { validation, leftOut, sentence } = (await verdict(adapted))!;
    expect(validation.kind).toBe('k-fold');
    expect([...validation.examples].sort((a, b) => a - b)).toEqual([...Array(24).keys()]);
    expect(sentence).toContain('5-fold RMSE');
    const fold = new Set(validation.folds[0]);
    const split = (values: Float64Array, isIn: boolean): Float64Array =>
      values.filter((_, i) => fold.has(Math.floor(i / 2)) === isIn);
    using others = await adapt(network, { x: split(x, false), y: split(y, false) }, given);
    const expected = await others.predict(split(x, true));
    expected.mean.forEach((mean, i) => {
      expect(leftOut.mean[i]).toBeCloseTo(mean, 6);
      expect(leftOut.variance[i]).toBeCloseTo(expected.variance[i]! + given.noise[i % 2]!, 6);
    });
  });

  test('says nothing about fewer than three examples', async () => {
    const { network, backend, x, y } = await makeProblem({ n: 2 });
    using adapted = await adapt(network, { x, y }, { backend, noise: 0.1, priorVariance: 1 });
    expect(await verdict(adapted)).toBeUndefined();
  });

  test('equal targets make no infinite density', async () => {
    const { network, backend, x } = await makeProblem();
    using adapted = await adapt(network, { x, y: new Float64Array(24).fill(3) }, { backend });
    const { methods } = (await verdict(adapted))!;
    for (const { scores } of methods) expect(Number.isFinite(scores[0]!.nlpd.value)).toBe(true);
  });
});

test.each([
  { how: 'leave-one-out', folds: [[0], [1], [2], [3]] },
  {
    how: 'two folds',
    folds: [
      [1, 2],
      [0, 3],
    ],
  },
  { how: 'held out', folds: [[0, 2]] },
])('$how of a constant and of the untouched network, by brute force', ({ folds }) => {
  const y = Float64Array.of(1, 10, 2, 30, 4, 20, 8, 50);
  const f = Float64Array.of(1.5, 11, 2, 28, 3, 20, 9, 45);
  const constant = leaveOutConstant(y, 2, folds);
  const untouched = leaveOutUntouched(y, f, 2, folds);
  let row = 0;
  for (const fold of folds) {
    for (const example of fold) {
      for (const output of [0, 1]) {
        const others = [0, 1, 2, 3].filter((other) => !fold.includes(other)).map((other) => other * 2 + output);
        const mean = others.reduce((sum, j) => sum + y[j]!, 0) / others.length;
        const variance = others.reduce((sum, j) => sum + (y[j]! - mean) ** 2, 0) / (others.length - 1);
        expect(constant.mean[row]).toBeCloseTo(mean, 12);
        expect(constant.variance[row]).toBeCloseTo(variance * (1 + 1 / others.length), 9);
        expect(untouched.mean[row]).toBe(f[example * 2 + output]);
        const error = others.reduce((sum, j) => sum + (y[j]! - f[j]!) ** 2, 0) / others.length;
        expect(untouched.variance[row]).toBeCloseTo(error, 12);
        row++;
      }
    }
  }
});
