import type { Linearization } from '@ntk/jacobian';
import { matrix, type Matrix } from '@ntk/linop';
import { asDType } from '@ntk/tensor';

const ROWS_AT_ONCE = 32;

/**
 * factor · Jᵀu for each row u of a matrix [k, N]: [k, p], in float64 on the host.
 *
 * Cost: k products with Jᵀ, in blocks.
 */
export async function weightVectors(
  { backend, dtype, jacobian, p }: Linearization,
  u: Matrix,
  factor: number,
): Promise<Matrix> {
  const transpose = jacobian.transpose();
  const result = matrix(u.rows, p);
  for (let start = 0; start < u.rows; start += ROWS_AT_ONCE) {
    const end = Math.min(start + ROWS_AT_ONCE, u.rows);
    const block = u.data.slice(start * u.columns, end * u.columns);
    using input = backend.upload(asDType(block, dtype), [end - start, u.columns]);
    using product = await transpose.matmul(input);
    const values = await backend.read(product);
    for (let i = 0; i < values.length; i++) result.data[start * p + i] = factor * values[i]!;
  }
  return result;
}
