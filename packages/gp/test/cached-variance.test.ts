import {
  type CachedModel,
  cacheExactVariance,
  cacheVariance,
  cachedCovariance,
  cachedVariance,
  cachedWeightCovariance,
  conditionJacobian,
  conditionKernel,
  kernelWeights,
  noisePrecisionRoot,
  placeCache,
  weightCovariance,
} from '@ntk/gp';
import {
  type LowRankRoot,
  type Matrix,
  eigh,
  gemm,
  identityMatrix,
  matrix,
  matrixOperator,
  toMatrix,
} from '@ntk/linop';
import { type DType, Rng, cpuBackend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { kernel, kernels, randomProblem } from './random-problem.ts';

const SHORTFALL: Record<DType, number> = { float64: 1e-12, float32: 1e-6 };
const problem = randomProblem('cache', { n: 15, m: 8, c: 2, p: 20 });
// Prior variances that fall, so that few directions matter.
const priorVariance = problem.priorVariance.map((value, j) => value * 0.6 ** j);
const { jTrain, jTest, noise } = problem;
const N = jTrain.rows;
const query = kernels({ ...problem, priorVariance });
const precisionRoot = noisePrecisionRoot(noise, N);
const prior = diagonal(query.kTestTest);

function diagonal(a: Matrix): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, i) => a.data[i * a.columns + i]!);
}

function model(dtype: DType = 'float64', backend = cpuBackend()): CachedModel {
  const operator = matrixOperator(jTrain, { backend, dtype });
  const priorVariances = diagonal(kernel(jTrain, jTrain, priorVariance));
  return { jTrain: operator, priorVariance, noiseVariance: noise, priorVariances };
}

/** The best rows of a rank: eigenvectors. */
const leading = (rank: number): LowRankRoot => ({
  inverseRoot: async (A) => {
    const { vectors } = eigh(await toMatrix(A));
    return matrix(rank, A.shape[0], vectors.data.slice(-rank * A.shape[0]));
  },
});
/** Rows that have nothing to do with the operator. */
const arbitrary = (rank: number): LowRankRoot => ({
  inverseRoot: async (A) => matrix(rank, A.shape[0], new Rng(rank).normals(rank * A.shape[0])),
});
const all: LowRankRoot = { inverseRoot: async (A) => identityMatrix(A.shape[0]) };

async function exact() {
  return conditionKernel({ kTrainTrain: query.kTrainTrain, precisionRoot });
}

describe.each(['float64', 'float32'] as const)('a cache of low rank, %s products', (dtype) => {
  test.each([
    ['leading', leading],
    ['arbitrary', arbitrary],
  ] as const)('of %s directions errs upwards, by its bound at most, and less with every row', async (_, method) => {
    using conditioning = await exact();
    const truth = await conditioning.variance(query);
    const backend = trackTensors(cpuBackend());
    let before = Infinity;
    for (const rank of [1, 2, 4, 8, 12]) {
      const given = model(dtype, backend);
      using owned = given.jTrain;
      const cache = await cacheVariance({ ...given, jTrain: owned }, method(rank));
      using placed = placeCache(cache, { backend });
      const variance = await cachedVariance(placed, jTest);
      let total = 0;
      variance.forEach((value, i) => {
        const excess = (value - truth[i]!) / prior[i]!;
        expect(excess).toBeGreaterThanOrEqual(-SHORTFALL[dtype]);
        expect(excess).toBeLessThanOrEqual(cache.errorBound + SHORTFALL[dtype]);
        total += excess;
      });
      if (method === leading) {
        expect(total).toBeLessThanOrEqual(before + SHORTFALL[dtype]);
        before = total;
      }
    }
    expect(backend.describeLive()).toEqual([]);
  });

  test('of all rows is exact, and knows it', async () => {
    using conditioning = await exact();
    const truth = await conditioning.variance(query);
    const cache = await cacheVariance(model(dtype), all);
    using placed = placeCache(cache);
    expect(relativeError(await cachedVariance(placed, jTest), truth)).toBeLessThan(dtype === 'float64' ? 1e-12 : 1e-5);
    expect(cache.errorBound).toBeLessThan(dtype === 'float64' ? 1e-10 : 1e-2);
  });
});

test('the bound comes from the eigenvalues that are left out', async () => {
  const cache = await cacheVariance(model(), leading(12));
  // With eigenvectors, what is beyond is the sum of the eigenvalues left out.
  const whitened = matrix(
    N,
    N,
    query.kTrainTrain.data.map(
      (value, i) => value * precisionRoot.blocks[Math.floor(i / N)]! * precisionRoot.blocks[i % N]!,
    ),
  );
  const { values } = eigh(whitened);
  const left = values.slice(0, N - 12).reduce((sum, value) => sum + Math.max(0, value), 0);
  expect(cache.errorBound).toBeCloseTo(left / (1 + left), 8);
  expect(cache.errorBound).toBeLessThan(0.5);
});

test('the exact cache gives variances, covariances and the covariance of the weights', async () => {
  using conditioning = await exact();
  const given = model();
  const cache = await cacheExactVariance(given, await conditioning.root());
  expect(cache.errorBound).toBe(0);
  const covariance = await conditioning.covariance(query);
  using onHost = placeCache(cache);
  using onBackend = placeCache(cache, { backend: cpuBackend() });
  expect(relativeError(await cachedVariance(onHost, jTest, { blockRows: 3 }), diagonal(covariance))).toBeLessThan(
    1e-12,
  );
  expect(relativeError((await cachedCovariance(onHost, jTest)).data, covariance.data)).toBeLessThan(1e-12);
  using inWeights = await conditionJacobian({ jTrain, priorVariance, precisionRoot });
  for (const rows of [
    await cachedWeightCovariance(onHost, jTest),
    await cachedWeightCovariance(onBackend, jTest),
    await weightCovariance(kernelWeights(conditioning, given.jTrain, priorVariance), jTest),
    await weightCovariance(inWeights, jTest),
  ]) {
    const found = gemm(jTest, rows, { transposeB: true });
    expect(relativeError(found.data, covariance.data)).toBeLessThan(1e-11);
  }
});

test('a joint covariance is at least the exact one in every direction', async () => {
  using conditioning = await exact();
  const covariance = await conditioning.covariance(query);
  const cache = await cacheVariance(model(), arbitrary(6));
  using placed = placeCache(cache);
  const found = await cachedCovariance(placed, jTest);
  const excess = matrix(
    found.rows,
    found.columns,
    found.data.map((value, i) => value - covariance.data[i]!),
  );
  expect(Math.min(...eigh(excess).values)).toBeGreaterThan(-1e-12 * Math.max(...prior));
});

test('bad arguments', async () => {
  const named = (name: string): unknown => expect.objectContaining({ name });
  const given = model();
  await expect(cacheVariance({ ...given, priorVariances: new Float64Array(3) }, all)).rejects.toEqual(
    named('ShapeError'),
  );
  await expect(cacheVariance({ ...given, noiseVariance: 0 }, all)).rejects.toEqual(named('OptionError'));
  using cache = placeCache(await cacheVariance(given, all));
  await expect(cachedVariance(cache, matrix(2, 3))).rejects.toEqual(named('ShapeError'));
  await expect(cachedVariance(cache, jTest, { blockRows: 0 })).rejects.toEqual(named('OptionError'));
  const broken = matrix(1, jTest.columns, new Float64Array(jTest.columns).fill(NaN));
  await expect(cachedVariance(cache, broken)).rejects.toEqual(named('NumericalError'));
});
