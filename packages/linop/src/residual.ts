import type { Tensor } from '@ntk/tensor';
import type { LinearOperator } from './operator.ts';

/**
 * The true relative residuals ‖b − A x‖ / ‖b‖, one for each right-hand side, with norms and differences in float64.
 *
 * @param A - borrowed
 * @param x - [k, columns]; borrowed
 * @param b - [k, rows]; borrowed
 * @returns [k]; for b = 0 it is 0 where A x = 0, else Infinity
 *
 * Cost: one matmul.
 */
export async function relativeResiduals(A: LinearOperator, x: Tensor, b: Tensor): Promise<number[]> {
  using product = await A.matmul(x); // [k, rows]
  const ax = await A.backend.read(product);
  const target = await b.backend.read(b);
  const [k, rows] = [b.shape[0]!, b.shape[1]!];
  return Array.from({ length: k }, (_, row) => {
    let error = 0;
    let norm = 0;
    for (let i = row * rows; i < (row + 1) * rows; i++) {
      error += (target[i]! - ax[i]!) ** 2;
      norm += target[i]! ** 2;
    }
    return error === 0 ? 0 : Math.sqrt(error) / Math.sqrt(norm);
  });
}
