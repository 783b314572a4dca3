import { applyInBlocks } from '@ntk/gp';
import type { Linearization } from '@ntk/jacobian';
import { matrix, type Matrix } from '@ntk/linop';

/**
 * factor · Jᵀu for each row u of a matrix [k, N]: [k, p], in float64 on the host.
 *
 * Cost: k products with Jᵀ, in blocks.
 */
export async function weightVectors({ jacobian }: Linearization, u: Matrix, factor: number): Promise<Matrix> {
  using transpose = jacobian.transpose();
  const { rows, columns, data } = await applyInBlocks(transpose, u);
  return matrix(
    rows,
    columns,
    data.map((value) => factor * value),
  );
}
