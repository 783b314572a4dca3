import { functionSpacePosterior, spectralLeaveOneOut } from '@ntk/gp';
import { describe, expect, test } from 'vitest';
import { relativeError } from '@ntk/tensor/testing';
import { kernels, priorMeans, randomProblem } from './random-problem.ts';

const problem = randomProblem('spectral', { n: 9, m: 1, c: 2, p: 12 });
const { kTrainTrain } = kernels(problem);
const { yTrain, noise: noiseShape } = problem;

describe.each(Object.entries(priorMeans(problem)))(
  'leave-one-out from one decomposition, prior mean %s',
  (_, priorMean) => {
    test.each([{ noiseShape }, {}])('is that of the posterior for every pair of variances (%#)', async (shape) => {
      const targets = { yTrain, ...(priorMean === undefined ? {} : { priorMean }) };
      const left = await spectralLeaveOneOut({ kTrainTrain, ...targets, ...shape });
      for (const priorVariance of [0.01, 1, 30]) {
        for (const sigma2 of [0.02, 1, 50]) {
          const noise = yTrain.map((__, i) => sigma2 * (shape.noiseShape?.[i] ?? 1));
          using posterior = await functionSpacePosterior({ kTrainTrain, priorVariance, noise, ...targets });
          const expected = await posterior.leaveOneOut();
          const found = left.at(priorVariance, sigma2);
          expect(relativeError(found.mean, expected.mean)).toBeLessThan(1e-9);
          expect(relativeError(found.variance, expected.variance)).toBeLessThan(1e-9);
        }
      }
    });
  },
);

test('variances that are not positive are refused', async () => {
  const left = await spectralLeaveOneOut({ kTrainTrain, yTrain });
  expect(() => left.at(0, 1)).toThrow(/variances 0 and 1/);
  expect(() => left.at(1, NaN)).toThrow(/variances 1 and NaN/);
  await expect(spectralLeaveOneOut({ kTrainTrain, yTrain: yTrain.slice(1) })).rejects.toMatchObject({
    name: 'ShapeError',
  });
});
