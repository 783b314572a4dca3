import type { Matrix } from '@ntk/linop';
import { allocate } from '@ntk/tensor';
import type { Linearization } from './linearize.ts';

/**
 * J as a dense matrix on the host, [n·c, p], one row after another from vector-Jacobian products with unit vectors.
 *
 * The slow check of everything else, and what parameter-space inference with few parameters needs.
 *
 * @param options.rowsAtOnce - right-hand sides of one product
 *
 * Cost: n·c backward passes, n·c·p numbers.
 */
export async function explicitJacobian(
  linearization: Linearization,
  options: { readonly rowsAtOnce?: number } = {},
): Promise<Matrix> {
  const { backend, dtype, jacobian, p } = linearization;
  const rows = jacobian.shape[0];
  const rowsAtOnce = Math.min(options.rowsAtOnce ?? 32, rows);
  const data = new Float64Array(rows * p);
  const transpose = jacobian.transpose();
  for (let start = 0; start < rows; start += rowsAtOnce) {
    // The last block is filled up with zeros, so that one compiled Program serves all blocks.
    const units = allocate(dtype, rowsAtOnce * rows);
    const count = Math.min(rowsAtOnce, rows - start);
    for (let i = 0; i < count; i++) units[i * rows + start + i] = 1;
    using u = backend.upload(units, [rowsAtOnce, rows]);
    using block = await transpose.matmul(u);
    data.set((await backend.read(block)).subarray(0, count * p), start * p);
  }
  return { rows, columns: p, data };
}
