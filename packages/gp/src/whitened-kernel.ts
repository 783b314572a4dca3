import { type LinearOperator, type Matrix, defineOperator, gemm, matrix } from '@ntk/linop';
import { asDType } from '@ntk/tensor';
import { applyOperator } from './operator-product.ts';
import { scaleColumns } from './prior-scale.ts';
import { rowOf } from './rows.ts';
import { sumOfSquares } from './vector.ts';

/** What is done to a kernel on both of its sides. */
export interface KernelWhitening {
  /** Diagonal of D^{-1/2}, [N]. */
  readonly whitening: Float64Array;
  /** Rows that are orthogonal to each other and not 0, [q, N]: H̃ᵀ of a constant mean. */
  readonly basis: Matrix;
}

/**
 * Π D^{-1/2} K D^{-1/2} Π, with Π the projector beyond the rows of a basis: the kernel in units of the noise, seen from residuals whose unknown constants
 * have been fitted. There, P of a constant mean is the inverse of K̃ + τI, and log|M| + log|H̃ᵀM⁻¹H̃| its log-determinant and log|H̃ᵀH̃|.
 *
 * @param kernel - [N, N], symmetric; borrowed for the life of the operator
 *
 * Cost of a product: one of the kernel, and 4·q·N multiply-adds. Source: Harville (1974), Bayesian inference for variance components using only error contrasts.
 */
export function whitenedKernel(kernel: LinearOperator, { whitening, basis }: KernelWhitening): LinearOperator {
  const { shape, dtype, backend } = kernel;
  const unit = unitRows(basis);
  const operator: LinearOperator = defineOperator({
    name: 'whitenedKernel',
    shape,
    dtype,
    backend,
    tags: new Set(['symmetric'] as const),
    matmul: async (x, k) => {
      const rows = matrix(k, shape[1], Float64Array.from(await backend.read(x)));
      const right = scaleColumns(projectBeyond(rows, unit), whitening);
      const product = projectBeyond(scaleColumns(await applyOperator(kernel, right), whitening), unit);
      return backend.upload(asDType(product.data, dtype), [k, shape[0]]);
    },
    transpose: () => operator,
    dispose: () => undefined,
  });
  return operator;
}

/** Rows of length 1. */
export function unitRows(basis: Matrix): Matrix {
  const unit = matrix(basis.rows, basis.columns, basis.data.slice());
  for (let a = 0; a < unit.rows; a++) {
    const row = rowOf(unit, a);
    const length = Math.sqrt(sumOfSquares(row));
    for (let i = 0; i < row.length; i++) row[i]! /= length;
  }
  return unit;
}

/** x less its part along orthonormal rows; x itself where there are none. */
export function projectBeyond(x: Matrix, unit: Matrix): Matrix {
  if (unit.rows > 0) gemm(gemm(x, unit, { transposeB: true }), unit, { alpha: -1, addTo: x });
  return x;
}
