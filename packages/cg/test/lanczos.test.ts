import { lanczos, lanczosRoot } from '@ntk/cg';
import {
  type Matrix,
  cholesky,
  choleskySolve,
  diagonalOperator,
  eigenvaluesOf,
  gemm,
  identityMatrix,
  matrix,
  matrixOperator,
  tridiagonalQuadrature,
} from '@ntk/linop';
import { geometricSpectrum, matrixWithSpectrum, randomMatrix } from '@ntk/linop/testing';
import { Rng, cpuBackend } from '@ntk/tensor';
import { expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { U, definite, noisyKernel, relativeDistance } from './kernels.ts';

const backend = cpuBackend();

describe('lanczos', () => {
  it.each([1, 2, 25])('has all eigenvalues after n = %i steps, in spite of condition 1e8', async (n) => {
    const rng = new Rng(n);
    const a = matrixWithSpectrum(geometricSpectrum(n, 1e8), rng);
    using A = definite(a, backend);
    const runs = await lanczos(A, randomMatrix(3, n, rng), { steps: n });
    for (const { tridiagonal, basis, beyond } of runs) {
      expect(beyond).toBe(0);
      expectAllclose(tridiagonalQuadrature(tridiagonal).nodes, eigenvaluesOf(a), { atol: 20 * n * U });
      expect(relativeDistance(gemm(basis, basis, { transposeB: true }), identityMatrix(n))).toBeLessThan(20 * n * U);
    }
  });

  it('satisfies A Q = Q T but for what is beyond, from each start by itself', async () => {
    const rng = new Rng(1);
    const n = 30;
    const a = noisyKernel(n, 1e-3, rng);
    const starts = randomMatrix(2, n, rng);
    using A = definite(a, backend);
    for (const steps of [1, 7]) {
      const together = await lanczos(A, starts, { steps });
      for (const [row, run] of together.entries()) {
        const start = matrix(1, n, starts.data.slice(row * n, (row + 1) * n));
        expect((await lanczos(A, start, { steps }))[0]).toEqual(run);
        const { basis, tridiagonal, beyond } = run;
        expect([basis.rows, tridiagonal.offDiagonal.length]).toEqual([steps, steps - 1]);
        const rest = gemm(basis, a);
        gemm(dense(tridiagonal), basis, { alpha: -1, addTo: rest });
        // All that is left is in the last row, and as long as `beyond`.
        expect(Math.hypot(...rest.data.subarray(0, (steps - 1) * n))).toBeLessThan(100 * n * U);
        expect(Math.hypot(...rest.data.subarray((steps - 1) * n))).toBeCloseTo(beyond, 10);
      }
    }
  });

  it('ends where the space is invariant', async () => {
    using A = diagonalOperator(Float64Array.of(1, 2, 3, 4, 5), { backend });
    const [run, single] = await lanczos(A, matrix(2, 5, Float64Array.of(1, 0, 1, 0, 0, 0, 0, 0, 2, 0)), { steps: 5 });
    expect(run!.basis.rows).toBe(2);
    expect([...tridiagonalQuadrature(run!.tridiagonal).nodes].map((x) => Math.round(x * 1e9) / 1e9)).toEqual([1, 3]);
    expect([...single!.tridiagonal.diagonal]).toEqual([4]);
    expect(single!.beyond).toBe(0);
  });

  it('refuses what it cannot do, and leaves nothing behind', async () => {
    const tracked = trackTensors(cpuBackend());
    {
      using plain = matrixOperator(matrix(2, 2), { backend: tracked });
      await expect(lanczos(plain, matrix(1, 2), { steps: 1 })).rejects.toMatchObject({ name: 'TagError' });
      using A = definite(matrix(2, 2, Float64Array.of(1, NaN, NaN, 1)), tracked);
      await expect(lanczos(A, matrix(1, 3), { steps: 1 })).rejects.toMatchObject({ name: 'ShapeError' });
      await expect(lanczos(A, matrix(1, 2), { steps: 1 })).rejects.toThrow(/zero vector in row 0/);
      const start = matrix(1, 2, Float64Array.of(1, 1));
      await expect(lanczos(A, start, { steps: 0 })).rejects.toThrow(/steps 0/);
      await expect(lanczos(A, start, { steps: 1 })).rejects.toMatchObject({ status: 'non-finite-input' });
    }
    expect(tracked.describeLive()).toEqual([]);
  });
});

describe('lanczosRoot', () => {
  const rng = new Rng(2);
  const n = 40;
  const a = noisyKernel(n, 1e-2, rng);
  const start = rng.normals(n);

  it('solves exactly for its start at full rank, and never overstates an inverse', async () => {
    using A = definite(a, backend);
    const b = randomMatrix(5, n, rng);
    const exact = rowProducts(b, choleskySolve(cholesky(a).factor, b));
    let before: Float64Array = new Float64Array(5);
    for (const rank of [2, 5, 10, 20, n]) {
      const root = await lanczosRoot({ rank }).inverseRoot(A, start);
      const half = gemm(b, root, { transposeB: true });
      const now = rowProducts(half, half);
      now.forEach((value, i) => {
        expect(value).toBeLessThanOrEqual(exact[i]! * (1 + 1e-9));
        expect(value).toBeGreaterThanOrEqual(before[i]! * (1 - 1e-9));
      });
      before = now;
    }
    expectAllclose(before, exact, { rtol: 1e-8 });
  });

  it('refuses an operator that is not positive definite', async () => {
    using A = definite(matrixWithSpectrum([1, -1, 2], rng), backend);
    await expect(lanczosRoot({ rank: 3 }).inverseRoot(A, rng.normals(3))).rejects.toMatchObject({
      status: 'breakdown',
    });
  });
});

function rowProducts(x: Matrix, y: Matrix): Float64Array {
  return Float64Array.from({ length: x.rows }, (_, row) => {
    let sum = 0;
    for (let j = row * x.columns; j < (row + 1) * x.columns; j++) sum += x.data[j]! * y.data[j]!;
    return sum;
  });
}

function dense({ diagonal, offDiagonal }: { diagonal: Float64Array; offDiagonal: Float64Array }): Matrix {
  const m = diagonal.length;
  const t = matrix(m, m);
  diagonal.forEach((entry, i) => (t.data[i * m + i] = entry));
  offDiagonal.forEach((entry, i) => (t.data[i * m + i + 1] = t.data[(i + 1) * m + i] = entry));
  return t;
}
