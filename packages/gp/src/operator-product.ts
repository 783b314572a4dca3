import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import { asDType } from '@ntk/tensor';

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

/** A block as the operator's dtype would hold it: what a product with it really multiplies. */
export function roundedFor(A: LinearOperator, x: Matrix): Matrix {
  return A.dtype === 'float64' ? x : matrix(x.rows, x.columns, x.data.map(Math.fround));
}
