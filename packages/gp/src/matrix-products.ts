import { type LinearOperator, type Matrix, gemm, matrixOperator } from '@ntk/linop';
import type { Backend } from '@ntk/tensor';
import { applyOperator } from './operator-product.ts';

/** Products of rows with one matrix A, [m, n], in float64. */
export interface MatrixProducts {
  /** X Aᵀ for X of [k, n]: [k, m]. */
  timesTransposed(x: Matrix): Promise<Matrix>;
  /** X A for X of [k, m]: [k, n]. */
  times(x: Matrix): Promise<Matrix>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Places a matrix where its products run: on a backend that has float64, or on the host.
 *
 * @param a - borrowed for the life of the products
 */
export function matrixProducts(a: Matrix, backend: Backend | undefined): MatrixProducts {
  if (backend === undefined || !backend.supports.float64) {
    return {
      timesTransposed: (x) => Promise.resolve(gemm(x, a, { transposeB: true })),
      times: (x) => Promise.resolve(gemm(x, a)),
      dispose: () => undefined,
      [Symbol.dispose]: () => undefined,
    };
  }
  const operator = matrixOperator(a, { backend, dtype: 'float64' });
  const transpose: LinearOperator = operator.transpose();
  const dispose = (): void => {
    transpose.dispose();
    operator.dispose();
  };
  return {
    timesTransposed: (x) => applyOperator(operator, x),
    times: (x) => applyOperator(transpose, x),
    dispose,
    [Symbol.dispose]: dispose,
  };
}
