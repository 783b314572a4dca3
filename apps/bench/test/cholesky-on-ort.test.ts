import { ortBackend } from '@ntk/backend-ort';
import { conditionKernel, noisePrecisionRoot } from '@ntk/gp';
import {
  cholesky,
  choleskySolver,
  invertLower,
  invertLowerOn,
  matrix,
  solveLower,
  solveLowerOn,
  syrk,
  tryCholeskyOn,
  type Matrix,
} from '@ntk/linop';
import { geometricSpectrum, matrixWithSpectrum, randomMatrix, testLinearSolver } from '@ntk/linop/testing';
import { Rng } from '@ntk/tensor';
import { expectAllclose, relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';

const backend = await ortBackend();
const U = 2 ** -53;

testLinearSolver('Cholesky on ort', () => choleskySolver({ backend }), { conditions: [1, 1e3, 1e6] });

describe.each([
  [257, 1e3],
  [700, 1e8],
  [1070, 1e4],
])('n = %i, condition %d, by float64 products of ONNX Runtime', (n, condition) => {
  const a = matrixWithSpectrum(geometricSpectrum(n, condition), new Rng(n));
  const { factor: l } = cholesky(a);
  const bound = n * Math.sqrt(condition) * U;

  it('factors, as the host does', async () => {
    const result = await tryCholeskyOn(backend, a);
    if (result.status !== 'converged') throw new Error(result.message);
    expect(relativeError(syrk(result.factor).data, a.data)).toBeLessThan(n * U);
  });

  it('solves and inverts, as the host does', async () => {
    const b = randomMatrix(50, n, new Rng('b'));
    expect(relativeError((await solveLowerOn(backend, l, b)).data, solveLower(l, b).data)).toBeLessThan(bound);
    expect(relativeError((await invertLowerOn(backend, l)).data, invertLower(l).data)).toBeLessThan(bound);
  });
});

it('compiles so few Programs that a backend keeps them all', async () => {
  const limit = 12;
  const own = await ortBackend({ cachedPrograms: limit });
  await tryCholeskyOn(own, matrixWithSpectrum(geometricSpectrum(1070, 10), new Rng('few')));
  // Had there been more than the limit, as many would be alive.
  expect(own.compiled.alive).toBeLessThan(limit);
  await own.clearCache();
});

describe('a posterior in function space', () => {
  const [n, m] = [300, 40];
  const features = randomMatrix(n + m, 20, new Rng('features'));
  const kernel = syrk(features);
  const block = (rows: readonly [number, number], columns: readonly [number, number]): Matrix => {
    const [height, width] = [rows[1] - rows[0], columns[1] - columns[0]];
    const entry = (_: unknown, i: number): number =>
      kernel.data[(rows[0] + Math.floor(i / width)) * kernel.columns + columns[0] + (i % width)]!;
    return matrix(height, width, Float64Array.from({ length: height * width }, entry));
  };
  const problem = { kTrainTrain: block([0, n], [0, n]), precisionRoot: noisePrecisionRoot(0.1, n) };
  const query = { kTestTrain: block([n, n + m], [0, n]), kTestTest: block([n, n + m], [n, n + m]) };

  it('has the variances, inverses and evidence that the host finds, and leaves no tensor behind', async () => {
    const tracked = trackTensors(backend);
    using onHost = await conditionKernel(problem);
    using onBackend = await conditionKernel(problem, choleskySolver({ backend: tracked }));
    const tolerance = { rtol: 1e-9 };
    expectAllclose(await onBackend.variance(query), await onHost.variance(query), tolerance);
    expectAllclose([onBackend.logDeterminant], [onHost.logDeterminant], tolerance);
    expectAllclose(await onBackend.inverseBlocks(1), await onHost.inverseBlocks(1), tolerance);
    expectAllclose([await onBackend.traceInverse()], [await onHost.traceInverse()], tolerance);
    expect(tracked.describeLive()).toEqual([]);
    expect(tracked.liveExecutables).toBe(0);
  });
});
