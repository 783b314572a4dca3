import { type Backend, type DType, Rng, cpuBackend, unitRoundoff } from '@ntk/tensor';
import { expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { cholesky } from '../dense/cholesky.ts';
import { gemm } from '../dense/gemm.ts';
import { type Matrix, copyMatrix, matrix } from '../dense/matrix.ts';
import { choleskySolve } from '../dense/triangular.ts';
import { matrixOperator } from '../operators/dense.ts';
import type { ShiftedSolver } from '../shifted-solver.ts';
import type { SolverState } from '../solver.ts';
import { frobeniusNorm, readBlock, roundedTo, uploadBlock } from './blocks.ts';
import { geometricSpectrum, matrixWithSpectrum, randomMatrix } from './spectrum.ts';

/** Options of testShiftedSolver. */
export interface ShiftedSuiteOptions {
  /** Makes the backend for each test; the CPU reference by default. */
  readonly backend?: () => Backend | Promise<Backend>;
  /** The dtypes to test; both by default. */
  readonly dtypes?: readonly DType[];
  /** The relative residual that `converged` promises, for a dtype; by default the cube root of its unit roundoff. */
  readonly rtol?: (dtype: DType) => number;
}

const SHIFTS = [0, 1e-3, 0.02, 0.02, 1, 1e3];

/**
 * The contract of ShiftedSolver for positive definite operators as tests: agreement with a factorisation for each shift, true residuals,
 * failures for some shifts only, and that nothing leaks.
 *
 * @param name - of the suite
 * @param makeSolver - called for each test
 */
export function testShiftedSolver<State extends SolverState>(
  name: string,
  makeSolver: () => ShiftedSolver<State>,
  options: ShiftedSuiteOptions = {},
): void {
  const {
    backend = cpuBackend,
    dtypes = ['float64', 'float32'],
    rtol = (dtype) => Math.cbrt(unitRoundoff(dtype)),
  } = options;
  describe.each(dtypes)(`ShiftedSolver: ${name}, %s`, (dtype) => {
    it.each([1, 2, 30])('agrees with a factorisation for each shift, n = %i', async (n) => {
      const rng = new Rng(n);
      const a = roundedTo(matrixWithSpectrum(geometricSpectrum(n, 300), rng), dtype);
      const b = roundedTo(randomMatrix(3, n, rng), dtype);
      b.data.fill(0, n, 2 * n);
      const results = await attempt(makeSolver(), a, b, { backend, dtype, shifts: SHIFTS });
      results.forEach(({ x, status, residual }, i) => {
        expect(status).toBe('converged');
        expect(residual[1]).toBe(0);
        const shifted = plusShift(a, SHIFTS[i]!);
        expectResiduals(shifted, x, { b, residual, rtol: rtol(dtype), dtype });
        const exact = choleskySolve(cholesky(shifted).factor, b);
        const condition = (1 + SHIFTS[i]!) / (1 / 300 + SHIFTS[i]!);
        const error = 2 * condition * (rtol(dtype) + 4 * n * unitRoundoff(dtype)) * frobeniusNorm(exact);
        expectAllclose(x.data, exact.data, { atol: error });
      });
    });

    it('says for each shift whether the system is positive definite', async () => {
      const rng = new Rng('indefinite');
      const a = matrixWithSpectrum([3, 2, 1, -1], rng);
      const results = await attempt(makeSolver(), a, randomMatrix(2, 4, rng), { backend, dtype, shifts: [0.5, 4] });
      expect(results.map(({ status }) => status)).toEqual(['breakdown', 'converged']);
    });

    it('says non-finite-input for NaN in the operator or in a right-hand side', async () => {
      const rng = new Rng('not finite');
      const a = matrixWithSpectrum([1, 0.5, 0.25], rng);
      const b = randomMatrix(2, 3, rng);
      const bad = (x: Matrix): Matrix =>
        matrix(
          x.rows,
          x.columns,
          x.data.map((entry, i) => (i === 4 ? NaN : entry)),
        );
      for (const [operator, right] of [
        [bad(a), b],
        [a, bad(b)],
      ] as const) {
        const results = await attempt(makeSolver(), operator, right, { backend, dtype, shifts: [0, 1] });
        expect(results.map(({ status }) => status)).toEqual(['non-finite-input', 'non-finite-input']);
      }
    });

    it('takes no shifts, and refuses one that is not finite', async () => {
      const a = matrixWithSpectrum([1, 0.5], new Rng('door'));
      expect(await attempt(makeSolver(), a, matrix(1, 2), { backend, dtype, shifts: [] })).toEqual([]);
      const refused = attempt(makeSolver(), a, matrix(1, 2), { backend, dtype, shifts: [NaN] });
      await expect(refused).rejects.toMatchObject({ name: 'OptionError' });
    });
  });
}

interface Attempt {
  readonly x: Matrix;
  readonly status: string;
  readonly residual: readonly number[];
}

// Solves on a fresh backend, disposes everything, and asserts that nothing is left.
async function attempt<State extends SolverState>(
  solver: ShiftedSolver<State>,
  a: Matrix,
  b: Matrix,
  {
    backend: open,
    dtype,
    shifts,
  }: { readonly backend: () => Backend | Promise<Backend>; readonly dtype: DType; readonly shifts: readonly number[] },
): Promise<Attempt[]> {
  const backend = trackTensors(await open());
  const results: Attempt[] = [];
  {
    using A = matrixOperator(a, { backend, dtype, tags: ['positive-definite'] });
    using block = uploadBlock(b, backend, dtype);
    using state = await solver.init(A);
    for (const solution of await solver.compute(state, block, shifts)) {
      using value = solution.value;
      expect(value.dtype).toBe(dtype);
      results.push({ x: await readBlock(value), status: solution.status, residual: solution.stats.residual });
    }
  }
  expect(backend.describeLive()).toEqual([]);
  expect(backend.liveExecutables).toBe(0);
  return results;
}

function expectResiduals(
  a: Matrix,
  x: Matrix,
  { b, residual, rtol, dtype }: { b: Matrix; residual: readonly number[]; rtol: number; dtype: DType },
): void {
  const ax = gemm(x, a, { transposeB: true });
  for (let row = 0; row < b.rows; row++) {
    const range = [row * b.columns, (row + 1) * b.columns] as const;
    const right = b.data.subarray(...range);
    const norm = Math.hypot(...right);
    const truth = Math.hypot(...ax.data.subarray(...range).map((entry, i) => entry - right[i]!));
    const size = frobeniusNorm(a) * Math.hypot(...x.data.subarray(...range));
    const slack = 4 * b.columns * unitRoundoff(dtype) * size;
    expect(truth).toBeLessThanOrEqual(rtol * norm + slack);
    expect(Math.abs(truth - residual[row]! * norm)).toBeLessThanOrEqual(slack);
  }
}

function plusShift(a: Matrix, shift: number): Matrix {
  const sum = copyMatrix(a);
  for (let i = 0; i < a.rows; i++) sum.data[i * a.rows + i]! += shift;
  return sum;
}
