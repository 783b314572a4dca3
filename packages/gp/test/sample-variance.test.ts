import { conditionJacobian, evaluateSamples, noisePrecisionRoot, pathwiseSamples, sampleVariance } from '@ntk/gp';
import { matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { randomProblem } from './random-problem.ts';

const problem = randomProblem('sampled', { n: 6, m: 4, c: 2, p: 9 });
const { jTrain, jTest, priorVariance, noise, yTrain } = problem;
const SEEDS = 100;

describe.each([8, 64])('variances from %i pathwise samples', (samples) => {
  test('intervals of 95 % hold the exact variance in at least 88 of 100 seeds, at every test row', async () => {
    const precisionRoot = noisePrecisionRoot(noise, yTrain.length);
    using conditioning = await conditionJacobian({ jTrain, priorVariance, precisionRoot });
    const exact = await conditioning.variance({ jTest });
    const whitened = matrix(
      1,
      yTrain.length,
      yTrain.map((y, i) => y * precisionRoot.blocks[i]!),
    );
    const { coefficients } = await conditioning.solve(whitened);
    const mean = (await conditioning.predict({ jTest }, coefficients)).data;
    const hits = new Float64Array(jTest.rows);
    for (let seed = 0; seed < SEEDS; seed++) {
      const drawn = await pathwiseSamples(conditioning, { yTrain }, { samples, rng: new Rng(seed) });
      const { lower, upper } = sampleVariance(await evaluateSamples(drawn, jTest), mean);
      exact.forEach((variance, i) => {
        if (lower[i]! <= variance && variance <= upper[i]!) hits[i]!++;
      });
    }
    expect(Math.min(...hits)).toBeGreaterThanOrEqual(88);
  });
});

test('the interval is that of the tables of χ²', () => {
  // One value of 1 and s − 1 zeros around the mean 0: the estimate is 1/s.
  const samples = matrix(
    20,
    1,
    Float64Array.from({ length: 20 }, (_, i) => (i === 0 ? 1 : 0)),
  );
  const { value, lower, upper } = sampleVariance(samples, Float64Array.of(0));
  expect(value[0]).toBeCloseTo(1 / 20, 15);
  // Quantiles 34.170 and 9.591 with 20 degrees.
  expect(1 / lower[0]!).toBeCloseTo(34.17, 1);
  expect(1 / upper[0]!).toBeCloseTo(9.591, 1);
  expect(() => sampleVariance(samples, Float64Array.of(0), 1)).toThrow(/confidence 1/);
  expect(() => sampleVariance(samples, Float64Array.of(0, 0))).toThrow(/expected 1/);
});
