import { gaussianScores, normalQuantile } from '@ntk/gp';
import { Rng } from '@ntk/tensor';
import { expect, test } from 'vitest';

test.each([
  // statistics.NormalDist of Python 3.12; the last from tables
  [0.975, 1.959963984540054],
  [0.5, 0],
  [0.25, -0.6744897501960817],
  [0.9, 1.2815515655446004],
  [0.02, -2.053748910631823],
  [1e-10, -6.361340902404056],
  [1e-300, -37.0471],
])('normalQuantile(%f)', (probability, z) => {
  expect(normalQuantile(probability)).toBeCloseTo(z, probability < 1e-200 ? 4 : 13);
});

test('normalQuantile is odd, has infinite ends, and refuses what is no probability', () => {
  for (const p of [1e-3, 0.07, 0.2, 0.4]) expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 12);
  expect(normalQuantile(0)).toBe(-Infinity);
  expect(normalQuantile(1)).toBe(Infinity);
  expect(() => normalQuantile(1.5)).toThrow(expect.objectContaining({ name: 'OptionError' }));
});

test('scores of two rows by hand', () => {
  const scores = gaussianScores({
    mean: Float64Array.of(0, 1),
    variance: Float64Array.of(1, 4),
    y: Float64Array.of(3, 2),
  });
  expect(scores.rmse.value).toBeCloseTo(Math.sqrt(5), 14);
  // squared errors 9 and 1: standard error of their mean 4, by the delta method 4 / (2 √5)
  expect(scores.rmse.standardError).toBeCloseTo(4 / (2 * Math.sqrt(5)), 14);
  expect(scores.mae.value).toBe(2);
  expect(scores.nlpd.value).toBeCloseTo(0.5 * Math.log(2 * Math.PI) + (9 / 2 + Math.log(4) / 2 + 1 / 8) / 2, 14);
  expect(scores.coverage.value).toBe(0.5);
  expect(scores.width.value).toBeCloseTo(1.959963984540054 * 3, 12);
});

test('calibrated predictions: coverage near its level, NLPD near the entropy', () => {
  const rows = 4000;
  const rng = new Rng('scores');
  const variance = Float64Array.from({ length: rows }, () => 0.5 + 1.5 * rng.uniform());
  const y = rng.normals(rows).map((z, i) => z * Math.sqrt(variance[i]!));
  const { coverage, nlpd } = gaussianScores({ mean: new Float64Array(rows), variance, y }, 0.8);
  expect(Math.abs(coverage.value - 0.8)).toBeLessThan(4 * coverage.standardError);
  const entropy = variance.reduce((sum, v) => sum + 0.5 * Math.log(2 * Math.PI * Math.E * v), 0) / rows;
  expect(Math.abs(nlpd.value - entropy)).toBeLessThan(4 * nlpd.standardError);
});

test.each([
  ['a variance of 0', { variance: Float64Array.of(0) }, 'OptionError'],
  ['a NaN', { y: Float64Array.of(NaN) }, 'NumericalError'],
  ['another length', { mean: Float64Array.of(0, 0) }, 'ShapeError'],
  ['no row', { mean: new Float64Array(0), variance: new Float64Array(0), y: new Float64Array(0) }, 'OptionError'],
])('scores refuse %s', (_, change, name) => {
  const one = { mean: Float64Array.of(0), variance: Float64Array.of(1), y: Float64Array.of(0) };
  expect(() => gaussianScores({ ...one, ...change })).toThrow(expect.objectContaining({ name }));
});
