import {
  combineKernels,
  functionSpacePosterior,
  groupedEvidence,
  learnGroupVariances,
  tridiagonalEvidence,
} from '@ntk/gp';
import { type Matrix, gemm, matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { relativeError } from '@ntk/tensor/testing';
import { openGolden } from './golden.ts';
import { priorMeans, randomProblem } from './random-problem.ts';

const problem = randomProblem('groups', { n: 12, m: 1, c: 2, p: 15 });
const { jTrain, yTrain, noise } = problem;
const kernels = [
  [0, 4],
  [4, 9],
  [9, 15],
].map(([from, to]) => gram(columnsOf(jTrain, from!, to!)));
const named = (name: string): unknown => expect.objectContaining({ name });

describe.each(Object.entries(priorMeans(problem)))('prior mean %s', (_, priorMean) => {
  const targets = { yTrain, ...(priorMean !== undefined && { priorMean }) };
  const evidence = groupedEvidence({ kernels, ...targets, noiseShape: noise, noiseOutputs: 2 });

  test('the gradient equals central differences', () => {
    const x = Float64Array.of(0.3, -0.7, 0.1, -0.2, 0.5);
    const value = (at: Float64Array) => evidence.at(at.slice(0, 3).map(Math.exp), at.slice(3).map(Math.exp));
    const h = 1e-5;
    const differences = x.map((_, i) => {
      const [up, down] = [h, -h].map((step) => value(x.map((entry, j) => entry + (i === j ? step : 0))));
      return (up!.logMarginalLikelihood - down!.logMarginalLikelihood) / (2 * h);
    });
    const { byLogPriorVariance, byLogNoiseVariance } = value(x);
    expect(relativeError([...byLogPriorVariance, ...byLogNoiseVariance], differences)).toBeLessThan(1e-7);
  });

  test('value and gradient are those of the posterior where groups and outputs are alike', async () => {
    const kTrainTrain = combineKernels(kernels, Float64Array.of(1, 1, 1));
    const single = await tridiagonalEvidence({ kTrainTrain, ...targets, noiseShape: noise });
    const expected = single.at(0.7, 1.3);
    const found = evidence.at(Float64Array.of(0.7, 0.7, 0.7), Float64Array.of(1.3, 1.3));
    expect(Math.abs(found.logMarginalLikelihood / expected.logMarginalLikelihood - 1)).toBeLessThan(1e-11);
    expect(relativeError([sum(found.byLogPriorVariance)], [expected.gradient.logPriorVariance])).toBeLessThan(1e-10);
    expect(relativeError([sum(found.byLogNoiseVariance)], [expected.gradient.logNoiseVariance])).toBeLessThan(1e-10);
    const s2 = Float64Array.of(0.5, 2, 0);
    using posterior = await functionSpacePosterior({ kTrainTrain: combineKernels(kernels, s2), ...targets, noise });
    const frozen = evidence.at(s2, Float64Array.of(1, 1));
    expect(Math.abs(frozen.logMarginalLikelihood / posterior.logMarginalLikelihood - 1)).toBeLessThan(1e-11);
    expect(frozen.byLogPriorVariance[2]).toBe(0);
  });
});

test('finds which group made the data, and the noise of each output', async () => {
  const rng = new Rng('which group');
  const [n, c, p] = [120, 2, 12];
  const j = matrix(n * c, p, rng.normals(n * c * p));
  const theta = rng.normals(p).map((value, i) => (i < 6 ? 3 * value : 0));
  const exact = gemm(matrix(1, p, theta), j, { transposeB: true }).data;
  const sigmas = [0.05, 0.8];
  const y = exact.map((value, i) => value + sigmas[i % c]! * rng.normal());
  const evidence = groupedEvidence({
    kernels: [gram(columnsOf(j, 0, 6)), gram(columnsOf(j, 6, 12))],
    yTrain: y,
    noiseOutputs: c,
  });
  const learned = await learnGroupVariances(evidence);
  expect(learned.shares[1]).toBeLessThan(1e-3);
  const drawn = theta.reduce((total, value) => total + (value * value) / 6, 0);
  expect(Math.abs(learned.priorVariances[0]! / drawn - 1)).toBeLessThan(0.05);
  learned.noiseVariances.forEach((variance, a) => {
    expect(Math.sqrt(variance) / sigmas[a]!).toBeGreaterThan(0.8);
    expect(Math.sqrt(variance) / sigmas[a]!).toBeLessThan(1.25);
  });
  expect(learned.logMarginalLikelihood).toBeGreaterThan(learned.singleLogMarginalLikelihood + 10);
});

describe.each(['sine_mlp', 'mlp2'])('%s, a prior variance for each layer', (model) => {
  const golden = openGolden(model);
  test.skipIf(golden === undefined)('is stationary and no worse than one for all', async () => {
    const parameters = golden!.reference.parameters();
    const j = golden!.matrix('J');
    const layers = [0, 2, 4].map((i) => {
      const from = parameters[i]!.offset;
      const to = i === 4 ? j.columns : parameters[i + 2]!.offset;
      return gram(columnsOf(j, from, to));
    });
    expect(relativeError(combineKernels(layers, Float64Array.of(1, 1, 1)).data, golden!.vector('ntk'))).toBeLessThan(
      1e-12,
    );
    const outputs = golden!.outputs;
    const evidence = groupedEvidence({ kernels: layers, yTrain: golden!.vector('Y'), noiseOutputs: outputs });
    const learned = await learnGroupVariances(evidence);
    console.log(
      `${model}: evidence ${learned.singleLogMarginalLikelihood.toFixed(2)} → ${learned.logMarginalLikelihood.toFixed(2)}, ` +
        `shares ${[...learned.shares].map((share) => share.toFixed(3)).join(' ')}, ${learned.status}, ` +
        `largest derivative ${learned.largestDerivative.toExponential(1)}`,
    );
    expect(learned.logMarginalLikelihood).toBeGreaterThanOrEqual(learned.singleLogMarginalLikelihood - 1e-6);
    expect(learned.largestDerivative).toBeLessThan(1e-3);
  });
});

test('bad arguments', async () => {
  expect(() => groupedEvidence({ kernels: [], yTrain })).toThrow(named('OptionError'));
  expect(() => groupedEvidence({ kernels: [matrix(3, 3)], yTrain })).toThrow(named('ShapeError'));
  expect(() => groupedEvidence({ kernels, yTrain, noiseOutputs: 5 })).toThrow(named('ShapeError'));
  const evidence = groupedEvidence({ kernels, yTrain });
  expect(() => evidence.at(Float64Array.of(1), Float64Array.of(1))).toThrow(named('ShapeError'));
  expect(() => evidence.at(Float64Array.of(1, -1, 1), Float64Array.of(1))).toThrow(named('OptionError'));
  expect(evidence.at(Float64Array.of(1, 1, 1), Float64Array.of(0)).logMarginalLikelihood).toBe(-Infinity);
  const zero = groupedEvidence({ kernels: [...kernels, matrix(24, 24)], yTrain });
  await expect(learnGroupVariances(zero)).rejects.toEqual(named('OptionError'));
});

function columnsOf(j: Matrix, from: number, to: number): Matrix {
  const part = matrix(j.rows, to - from);
  for (let i = 0; i < j.rows; i++) {
    part.data.set(j.data.subarray(i * j.columns + from, i * j.columns + to), i * part.columns);
  }
  return part;
}

function gram(j: Matrix): Matrix {
  return gemm(j, j, { transposeB: true });
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
