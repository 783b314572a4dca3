import {
  type WeightConditioning,
  conditionJacobian,
  conditionOperator,
  evaluateSamples,
  functionSpacePosterior,
  noisePrecisionRoot,
  pathwiseSamples,
} from '@ntk/gp';
import { type Matrix, choleskySolver, matrixOperator } from '@ntk/linop';
import { Rng, cpuBackend } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { relativeError } from '@ntk/tensor/testing';
import { kernels, priorMeans, randomProblem } from './random-problem.ts';
import { truncatedCg } from './truncated-cg.ts';

const problem = randomProblem('samples', { n: 8, m: 3, c: 2, p: 10 });
const { jTrain, jTest, priorVariance, noise, yTrain } = problem;
const precisionRoot = noisePrecisionRoot(noise, yTrain.length);
const query = kernels(problem);
const named = (name: string): unknown => expect.objectContaining({ name });

const CONDITIONINGS: Record<string, () => Promise<WeightConditioning<never>>> = {
  'a stored Jacobian': () => conditionJacobian({ jTrain, priorVariance, precisionRoot }),
  'products, function space': () => byProducts('function'),
  'products, parameter space': () => byProducts('parameter'),
};

function byProducts(space: 'function' | 'parameter'): Promise<WeightConditioning<never>> {
  const j = matrixOperator(jTrain, { backend: cpuBackend() });
  return conditionOperator({ jTrain: j, priorVariance, precisionRoot }, choleskySolver(), { space });
}

describe.each(Object.entries(priorMeans(problem)))('prior mean %s', (kind, priorMean) => {
  const targets = { yTrain, ...(priorMean !== undefined && { priorMean }) };
  const mStar = kind === 'fixed' ? jTest.data.slice(0, jTest.rows) : undefined;
  const atTest = { ...query, ...(mStar !== undefined && { priorMean: mStar }) };

  test('one seed gives one set of samples, whatever the space', async () => {
    const found: Matrix[] = [];
    for (const make of Object.values(CONDITIONINGS)) {
      using conditioning = await make();
      const { weights } = await pathwiseSamples(conditioning, targets, { samples: 4, rng: new Rng('same') });
      found.push(weights);
      const more = await pathwiseSamples(conditioning, targets, { samples: 6, rng: new Rng('same') });
      expect(relativeError(more.weights.data.subarray(0, weights.data.length), weights.data)).toBeLessThan(1e-12);
    }
    for (const weights of found) expect(relativeError(weights.data, found[0]!.data)).toBeLessThan(1e-11);
  });

  test.each(Object.entries(CONDITIONINGS))(
    '%s: 95-percent intervals of mean, variance and covariance hold the exact value in at least 88 of 100 seeds',
    async (name, make) => {
      using exact = await functionSpacePosterior({ kTrainTrain: query.kTrainTrain, noise, ...targets });
      const mean = await exact.mean(atTest);
      const covariance = await exact.covariance(atTest);
      using conditioning = await make();
      const inside = { mean: 0, variance: 0, covariance: 0 };
      for (let seed = 0; seed < 100; seed++) {
        const samples = await pathwiseSamples(conditioning, targets, { samples: 200, rng: new Rng(seed) });
        const values = await evaluateSamples(samples, jTest, mStar);
        const [a, b] = [column(values, 0), column(values, 3)];
        inside.mean += covers(a, mean[0]!);
        inside.variance += covers(squaresAbout(a, mean[0]!, a, mean[0]!), covariance.data[0]!);
        inside.covariance += covers(squaresAbout(a, mean[0]!, b, mean[3]!), covariance.data[3]!);
      }
      console.log(`${name}, prior mean ${kind}: inside ${JSON.stringify(inside)} of 100`);
      for (const count of Object.values(inside)) expect(count).toBeGreaterThanOrEqual(88);
    },
  );
});

test('bad arguments', async () => {
  using conditioning = await conditionJacobian({ jTrain, priorVariance, precisionRoot });
  const rng = new Rng(1);
  await expect(pathwiseSamples(conditioning, { yTrain }, { samples: 0, rng })).rejects.toEqual(named('OptionError'));
  const short = { yTrain: yTrain.slice(1) };
  await expect(pathwiseSamples(conditioning, short, { samples: 1, rng })).rejects.toEqual(named('ShapeError'));
  const j = matrixOperator(jTrain, { backend: cpuBackend() });
  using early = await conditionOperator({ jTrain: j, priorVariance, precisionRoot }, truncatedCg({ steps: 1 }));
  await expect(pathwiseSamples(early, { yTrain }, { samples: 1, rng })).rejects.toEqual(named('SolveError'));
});

function column(values: Matrix, j: number): Float64Array {
  return Float64Array.from({ length: values.rows }, (_, s) => values.data[s * values.columns + j]!);
}

function squaresAbout(a: Float64Array, meanA: number, b: Float64Array, meanB: number): Float64Array {
  return a.map((value, i) => (value - meanA) * (b[i]! - meanB));
}

/** 1 if the normal 95 % interval of the average holds the value, else 0. */
function covers(draws: Float64Array, value: number): number {
  const n = draws.length;
  const average = draws.reduce((sum, x) => sum + x, 0) / n;
  const variance = draws.reduce((sum, x) => sum + (x - average) ** 2, 0) / (n - 1);
  return Math.abs(average - value) <= 1.96 * Math.sqrt(variance / n) ? 1 : 0;
}
