import { type LinearOperator, type Matrix, gemm, matrix } from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import { applyOperator } from './operator-product.ts';
import { sliceRows } from './rows.ts';

/** J(X*), [M, p]: its rows on the host, or an operator known by its products. */
export type TestJacobian = Matrix | LinearOperator;

/** Number of test rows M. @throws {ShapeError} if there are not p columns */
export function testRows(jTest: TestJacobian, p: number): number {
  const [rows, columns] = 'data' in jTest ? [jTest.rows, jTest.columns] : jTest.shape;
  if (columns === p) return rows;
  throw new ShapeError(
    `jTest: got ${rows} × ${columns}, expected ${p} columns, one a parameter; linearise the same layers as for training`,
  );
}

/**
 * Rows `from` to `to` (excluded) of a test Jacobian.
 *
 * @returns [to − from, p]; shares the data of a Matrix
 *
 * Cost: for an operator one product of its transpose with to − from columns of the identity.
 */
export async function jacobianRows(jTest: TestJacobian, from: number, to: number): Promise<Matrix> {
  if ('data' in jTest) return sliceRows(jTest, from, to);
  const selection = matrix(to - from, jTest.shape[0]);
  for (let i = from; i < to; i++) selection.data[(i - from) * selection.columns + i] = 1;
  using transpose = jTest.transpose();
  return await applyOperator(transpose, selection);
}

/** J* w for each row w of [k, p]: [k, M]. Cost: one product. */
export async function jacobianTimes(jTest: TestJacobian, weights: Matrix): Promise<Matrix> {
  if ('data' in jTest) return gemm(weights, jTest, { transposeB: true });
  return applyOperator(jTest, weights);
}
