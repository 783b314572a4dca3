import {
  type EvidenceFunction,
  evidenceSurface,
  functionSpacePosterior,
  learnHyperparameters,
  tridiagonalEvidence,
} from '@ntk/gp';
import { gemm, matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { expect, test } from 'vitest';
import { kernels, randomProblem } from './random-problem.ts';

const problem = randomProblem('surface', { n: 9, m: 1, c: 2, p: 12 });
const { kTrainTrain } = kernels(problem);
const rng = new Rng('targets');
const weights = rng.normals(problem.jTrain.columns);
/** Drawn from the model, so that the maximum is inside. */
const yTrain = gemm(matrix(1, weights.length, weights), problem.jTrain, { transposeB: true }).data.map(
  (value) => value + 0.5 * rng.normal(),
);

test('the surface is the evidence of a posterior at every point, from one decomposition', async () => {
  const inner = await tridiagonalEvidence({ kTrainTrain, yTrain });
  let ratios = 0;
  const evidence: EvidenceFunction = {
    ...inner,
    terms: (ratio) => {
      ratios++;
      return inner.terms(ratio);
    },
  };
  const found = await learnHyperparameters(evidence);
  ratios = 0;
  const surface = evidenceSurface(evidence, { ...found, points: 9, decades: 2 });
  expect(ratios).toBe(17);
  const { priorVariances, noiseVariances, logMarginalLikelihood } = surface;
  expect(priorVariances[4]).toBeCloseTo(found.priorVariance, 12);
  expect(noiseVariances[8]! / noiseVariances[0]!).toBeCloseTo(1e4, 6);
  for (let i = 0; i < 9; i++) {
    for (let j = 0; j < 9; j++) {
      const noise = noiseVariances[i]!;
      using posterior = await functionSpacePosterior({ kTrainTrain, priorVariance: priorVariances[j]!, noise, yTrain });
      const value = logMarginalLikelihood.data[i * 9 + j]!;
      expect(Math.abs(value - posterior.logMarginalLikelihood)).toBeLessThan(1e-8 * Math.abs(value));
    }
  }
  // The middle is the maximum that was learned.
  expect(Math.max(...logMarginalLikelihood.data)).toBe(logMarginalLikelihood.data[40]);
});

test('breakdown is minus infinity, and bad arguments are refused', async () => {
  const indefinite = await tridiagonalEvidence({
    kTrainTrain: matrix(2, 2, Float64Array.of(1, 2, 2, 1)),
    yTrain: Float64Array.of(1, 2),
  });
  const options = { priorVariance: 1, noiseVariance: 1 };
  const { logMarginalLikelihood } = evidenceSurface(indefinite, { ...options, points: 3 });
  expect(logMarginalLikelihood.data[2]).toBe(-Infinity);
  expect(logMarginalLikelihood.data[6]).toBeGreaterThan(-Infinity);
  expect(() => evidenceSurface(indefinite, { ...options, points: 1 })).toThrow(/1 points/);
  expect(() => evidenceSurface(indefinite, { ...options, noiseVariance: 0 })).toThrow(/around 1 and 0/);
});
