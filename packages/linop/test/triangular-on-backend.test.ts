import {
  type Matrix,
  cholesky,
  choleskySolver,
  gemm,
  identityMatrix,
  invertLower,
  invertLowerOn,
  matrix,
  matrixOperator,
  solveLower,
  solveLowerOn,
  solveLowerTransposed,
  solveLowerTransposedOn,
} from '@ntk/linop';
import { frobeniusNorm, geometricSpectrum, matrixWithSpectrum, randomMatrix } from '@ntk/linop/testing';
import { Rng, ShapeError, UnsupportedError, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { U, distance } from './matrices.ts';

const backend = cpuBackend();

/** A Cholesky factor with noise above its diagonal, which nobody may read. */
function factorOf(n: number, condition: number): { l: Matrix; noisy: Matrix } {
  const { factor: l } = cholesky(matrixWithSpectrum(geometricSpectrum(n, condition), new Rng(n)));
  const noise = randomMatrix(n, n, new Rng('noise'));
  const data = l.data.map((entry, i) => (i % n > Math.floor(i / n) ? noise.data[i]! : entry));
  return { l, noisy: matrix(n, n, data) };
}

describe.each([
  [1, 1, 1],
  [64, 40, 1e8],
  [256, 3, 1e4],
  [300, 0, 1e4],
  [300, 33, 1e10],
  [530, 2, 1e6],
])('triangle of size %i, %i right-hand sides, condition %d', (n, k, condition) => {
  const { l, noisy } = factorOf(n, condition);

  it('solves with the residual of substitution', async () => {
    const b = randomMatrix(k, n, new Rng('b'));
    const x = await solveLowerOn(backend, noisy, b);
    const residual = distance(gemm(x, l, { transposeB: true }), b);
    // Higham (2002), theorem 8.5: |b − L x| ≤ γ_n |L| |x|
    expect(residual).toBeLessThanOrEqual(n * U * frobeniusNorm(l) * frobeniusNorm(x));
    expect(distance(x, solveLower(l, b))).toBeLessThanOrEqual(n * U * Math.sqrt(condition) * frobeniusNorm(x));
  });

  it('solves with the transpose, with the residual of substitution', async () => {
    const b = randomMatrix(k, n, new Rng('b'));
    const x = await solveLowerTransposedOn(backend, noisy, b);
    const residual = distance(gemm(x, l), b);
    expect(residual).toBeLessThanOrEqual(n * U * frobeniusNorm(l) * frobeniusNorm(x));
    expect(distance(x, solveLowerTransposed(l, b))).toBeLessThanOrEqual(
      n * U * Math.sqrt(condition) * frobeniusNorm(x),
    );
  });

  it('inverts', async () => {
    const inverse = await invertLowerOn(backend, noisy);
    const bound = n * U * frobeniusNorm(l) * frobeniusNorm(inverse);
    expect(distance(gemm(l, inverse), identityMatrix(n))).toBeLessThanOrEqual(bound);
    expect(distance(inverse, invertLower(l))).toBeLessThanOrEqual(bound * frobeniusNorm(inverse));
  });
});

it('the solver uses them', async () => {
  const n = 280;
  const tracked = trackTensors(cpuBackend());
  const a = matrixWithSpectrum(geometricSpectrum(n, 1e4), new Rng(4));
  using A = matrixOperator(a, { backend, tags: ['positive-definite'] });
  using state = await choleskySolver({ backend: tracked }).init(A);
  const b = randomMatrix(40, n, new Rng(5));
  const half = await state.solveFactor(b);
  expect(distance(half, solveLower(state.factor(), b))).toBeLessThanOrEqual(n * U * 1e2 * frobeniusNorm(half));
  const solution = await state.solveFactorTransposed(half);
  expect(distance(solution, state.solve(b))).toBeLessThanOrEqual(n * U * 1e4 * frobeniusNorm(solution));
  const inverse = await state.inverseFactor();
  expect(distance(inverse, invertLower(state.factor()))).toBeLessThanOrEqual(n * U * 1e2 * frobeniusNorm(inverse));
  expect(tracked.describeLive()).toEqual([]);
});

it('rejects what does not fit', async () => {
  const single = { ...backend, supports: { ...backend.supports, float64: false } };
  await expect(solveLowerOn(backend, identityMatrix(3), matrix(1, 2))).rejects.toThrow(ShapeError);
  await expect(solveLowerOn(backend, matrix(2, 3), matrix(1, 3))).rejects.toThrow(ShapeError);
  await expect(solveLowerTransposedOn(backend, identityMatrix(3), matrix(1, 2))).rejects.toThrow(ShapeError);
  await expect(invertLowerOn(backend, matrix(2, 3))).rejects.toThrow(ShapeError);
  await expect(solveLowerOn(single, identityMatrix(2), matrix(1, 2))).rejects.toThrow(UnsupportedError);
  await expect(invertLowerOn(single, identityMatrix(2))).rejects.toThrow(UnsupportedError);
});
