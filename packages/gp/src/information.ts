import {
  type Matrix,
  cholesky,
  choleskyLogDeterminant,
  gemm,
  invertLower,
  solveLower,
  solveLowerTransposed,
} from '@ntk/linop';

/** Exact solves with B = I + a positive semidefinite matrix, from B = R Rᵀ. */
export interface Information {
  /** What was added to the diagonal; 0 unless it was necessary. */
  readonly jitter: number;
  readonly logDeterminant: number;
  /** R⁻¹ b for each row b of [k, N]: its squared length is bᵀ B⁻¹ b. */
  whiten(b: Matrix): Matrix;
  /** R⁻ᵀ b for each row b of [k, N]; after `whiten`, B⁻¹ b. */
  finish(b: Matrix): Matrix;
  /** R⁻¹, lower triangular, [N, N]: its columns' products are the entries of B⁻¹. */
  inverseRoot(): Matrix;
}

/**
 * Factorises B.
 *
 * @param b - symmetric, [N, N]; overwritten
 * @throws {NumericalError} if B is not positive definite even with jitter, which only a kernel that is not one can cause
 *
 * Cost: N³/6 multiply-adds.
 */
export function factorInformation(b: Matrix): Information {
  const { factor, jitter } = cholesky(b, { inPlace: true });
  return {
    jitter,
    logDeterminant: choleskyLogDeterminant(factor),
    whiten: (x) => solveLower(factor, x),
    finish: (x) => solveLowerTransposed(factor, x),
    inverseRoot: () => invertLower(factor),
  };
}

/** Products of all pairs of rows, X Xᵀ, [k, k]. */
export function gramOfRows(x: Matrix): Matrix {
  return gemm(x, x, { transposeB: true });
}
