import { functionSpacePosterior, tridiagonalEvidence } from '@ntk/gp';
import { describe, expect, test } from 'vitest';
import { relativeError } from './golden.ts';
import { kernels, priorMeans, randomProblem } from './random-problem.ts';

const problem = randomProblem('gradient', { n: 9, m: 1, c: 2, p: 7 });
const { kTrainTrain } = kernels(problem);
const { yTrain, noise } = problem;

describe.each(Object.entries(priorMeans(problem)))('evidence, prior mean %s', (_, priorMean) => {
  const targets = { yTrain, ...(priorMean !== undefined && { priorMean }) };
  const posteriorAt = (logPrior: number, logNoise: number) =>
    functionSpacePosterior({
      kTrainTrain,
      ...targets,
      priorVariance: Math.exp(logPrior),
      noise: noise.map((value) => value * Math.exp(logNoise)),
    });

  test('the gradient equals central differences', async () => {
    const evidence = async (logPrior: number, logNoise: number) => {
      using posterior = await posteriorAt(logPrior, logNoise);
      return posterior.logMarginalLikelihood;
    };
    const [h, a, b] = [1e-5, 0.3, -0.2];
    const differences = [
      ((await evidence(a + h, b)) - (await evidence(a - h, b))) / (2 * h),
      ((await evidence(a, b + h)) - (await evidence(a, b - h))) / (2 * h),
    ];
    using posterior = await posteriorAt(a, b);
    const { logPriorVariance, logNoiseVariance } = await posterior.evidenceGradient();
    expect(relativeError([logPriorVariance, logNoiseVariance], differences)).toBeLessThan(1e-7);
  });

  test('the tridiagonal evidence gives the same value and gradient', async () => {
    const evidence = await tridiagonalEvidence({ kTrainTrain, ...targets, noiseShape: noise });
    for (const [s2, sigma2] of [
      [1, 1],
      [0.01, 3],
      [50, 0.2],
    ] as const) {
      using posterior = await posteriorAt(Math.log(s2), Math.log(sigma2));
      const { logMarginalLikelihood, gradient } = evidence.at(s2, sigma2);
      expect(relativeError([logMarginalLikelihood], [posterior.logMarginalLikelihood])).toBeLessThan(1e-11);
      expect(
        relativeError(Object.values(gradient), Object.values(await posterior.evidenceGradient()).reverse()),
      ).toBeLessThan(1e-10);
    }
  });
});
