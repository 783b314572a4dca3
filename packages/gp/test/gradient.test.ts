import {
  type EvidenceGradient,
  functionSpacePosterior,
  jacobianEvidence,
  jointEvidence,
  learnHyperparameters,
  outputKernels,
  tridiagonalEvidence,
} from '@ntk/gp';
import { gemm, matrix, matrixOperator } from '@ntk/linop';
import { Rng, cpuBackend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { kernels, priorMeans, randomProblem } from './random-problem.ts';

const problem = randomProblem('gradient', { n: 9, m: 1, c: 2, p: 7 });
const { kTrainTrain } = kernels(problem);
const { jTrain, priorVariance, yTrain, noise } = problem;

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

  test('the tridiagonal evidence of kernel, Jacobian and products gives the same value and gradient', async () => {
    const backend = trackTensors(cpuBackend());
    using operator = matrixOperator(jTrain, { backend });
    const functions = [
      await jacobianEvidence({ jTrain: operator, priorShape: priorVariance, ...targets, noiseShape: noise }),
      await tridiagonalEvidence({ kTrainTrain, ...targets, noiseShape: noise }),
      await jacobianEvidence({ jTrain, priorShape: priorVariance, ...targets, noiseShape: noise }),
    ];
    for (const [s2, sigma2] of [
      [1, 1],
      [0.01, 3],
      [50, 0.2],
    ] as const) {
      using posterior = await posteriorAt(Math.log(s2), Math.log(sigma2));
      const expected = await posterior.evidenceGradient();
      for (const evidence of functions) {
        const { logMarginalLikelihood, gradient } = evidence.at(s2, sigma2);
        expect(relativeError([logMarginalLikelihood], [posterior.logMarginalLikelihood])).toBeLessThan(1e-11);
        expect(relativeError(pair(gradient), pair(expected))).toBeLessThan(1e-10);
      }
    }
    expect(backend.liveTensors).toBe(1); // that of the operator
  });
});

test('the evidence of independent outputs is that of all rows with a kernel of blocks', async () => {
  const [n, c] = [9, 2];
  const blocks = outputKernels(kTrainTrain, c);
  const blockKernel = matrix(n * c, n * c);
  for (let i = 0; i < n * c; i++)
    for (let j = i % c; j < n * c; j += c) blockKernel.data[i * n * c + j] = kTrainTrain.data[i * n * c + j]!;
  const whole = await tridiagonalEvidence({ kTrainTrain: blockKernel, yTrain });
  const parts = blocks.map((kernel, a) =>
    tridiagonalEvidence({ kTrainTrain: kernel, yTrain: yTrain.filter((_, i) => i % c === a) }),
  );
  const joint = jointEvidence(await Promise.all(parts));
  const [found, expected] = [joint.at(0.3, 0.1), whole.at(0.3, 0.1)];
  expect(found.logMarginalLikelihood / expected.logMarginalLikelihood).toBeCloseTo(1, 11);
  expect(relativeError(pair(found.gradient), pair(expected.gradient))).toBeLessThan(1e-10);
  expect(joint.scale / whole.scale).toBeCloseTo(1, 12);
});

test('the evidence of an operator needs fewer parameters than rows', async () => {
  using operator = matrixOperator(matrix(2, 3), { backend: cpuBackend() });
  await expect(jacobianEvidence({ jTrain: operator, yTrain: new Float64Array(2) })).rejects.toThrow(
    'got an operator of 2 × 3',
  );
});

describe.each([
  { n: 40, p: 5 },
  { n: 10, p: 30 },
])('evidence of a Jacobian equals that of its kernel at every ratio: %o', ({ n, p }) => {
  const rng = new Rng('jacobian evidence');
  const jTrain = matrix(n, p, rng.normals(n * p));
  const kernelOf = gemm(jTrain, jTrain, { transposeB: true });
  const inRange = gemm(matrix(1, p, rng.normals(p)), jTrain, { transposeB: true }).data;
  test.each([
    ['noisy targets', rng.normals(n)],
    ['targets without noise', inRange],
  ])('%s', async (_, yTrain) => {
    const kernelEvidence = await tridiagonalEvidence({ kTrainTrain: kernelOf, yTrain });
    const evidence = await jacobianEvidence({ jTrain, yTrain });
    expect(evidence.freedom).toBe(kernelEvidence.freedom);
    expect(evidence.scale / kernelEvidence.scale).toBeCloseTo(1, 13);
    for (const ratio of [1e-8, 1e-4, 1, 1e4].map((factor) => factor * evidence.scale)) {
      const [found, expected] = [evidence.terms(ratio), kernelEvidence.terms(ratio)];
      // The kernel loses what its condition number costs.
      const bound = 1e-12 + (n * Number.EPSILON * evidence.scale) / ratio;
      expect(Math.abs(found.quadratic / expected.quadratic - 1)).toBeLessThan(bound * 10);
      expect(Math.abs(found.squared / expected.squared - 1)).toBeLessThan(bound * 10);
      expect(Math.abs(found.trace / expected.trace - 1)).toBeLessThan(bound * 10);
      expect(Math.abs(found.logDeterminant - expected.logDeterminant)).toBeLessThan(bound * 10 * n);
    }
    const [learned, reference] = [await learnHyperparameters(evidence), await learnHyperparameters(kernelEvidence)];
    expect(learned.onEdge).toBe(reference.onEdge);
    expect(Math.abs(learned.logMarginalLikelihood / reference.logMarginalLikelihood - 1)).toBeLessThan(1e-4);
  });
});

function pair({ logPriorVariance, logNoiseVariance }: EvidenceGradient): number[] {
  return [logPriorVariance, logNoiseVariance];
}
