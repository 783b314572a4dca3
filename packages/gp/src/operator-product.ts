import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import { asDType } from '@ntk/tensor';
import { sliceRows } from './rows.ts';

/**
 * A x for each row x of a host block; only the product itself is in the operator's dtype.
 *
 * @param x - [k, columns]; borrowed
 * @returns [k, rows], float64 numbers that are exact copies of what the operator returned
 *
 * Cost: one matmul.
 */
export async function applyOperator(A: LinearOperator, x: Matrix): Promise<Matrix> {
  if (x.rows === 0) return matrix(0, A.shape[0]);
  using block = A.backend.upload(asDType(x.data, A.dtype), [x.rows, x.columns]);
  using product = await A.matmul(block); // [k, rows]
  return matrix(x.rows, A.shape[0], Float64Array.from(await A.backend.read(product)));
}

const ROWS_AT_ONCE = 32;

/** As `applyOperator`, for so many rows that they are worked on a few at a time: a product may hold every activation once a row. */
export async function applyInBlocks(A: LinearOperator, x: Matrix): Promise<Matrix> {
  const result = matrix(x.rows, A.shape[0]);
  for (let from = 0; from < x.rows; from += ROWS_AT_ONCE) {
    const block = await applyOperator(A, sliceRows(x, from, Math.min(x.rows, from + ROWS_AT_ONCE)));
    result.data.set(block.data, from * result.columns);
  }
  return result;
}

/** A block as the operator's dtype would hold it: what a product with it really multiplies. */
export function roundedFor(A: LinearOperator, x: Matrix): Matrix {
  return A.dtype === 'float64' ? x : matrix(x.rows, x.columns, x.data.map(Math.fround));
}
