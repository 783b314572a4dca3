import { defineOperator, type LinearOperator } from '@ntk/linop';
import { kernelDiagonal } from './gram/kernel-diagonal.ts';
import { kernelMatrix } from './gram/kernel-matrix.ts';
import type { Linearization } from './linearize.ts';

/**
 * The tangent kernel between two sets of inputs as an operator, J(X) J(X')ᵀ, [n·c, n'·c], never formed.
 *
 * @param rows - the linearization of X; borrowed, and must outlive the operator
 * @param columns - that of X' with the same network and layers; X itself unless given
 *
 * Cost of a product: one with J(X')ᵀ, then one with J(X). Its entries and its diagonal come from the factors of both.
 */
export function ntkOperator(rows: Linearization, columns: Linearization = rows): LinearOperator {
  const operator: LinearOperator = defineOperator({
    name: 'J Jᵀ',
    shape: [rows.jacobian.shape[0], columns.jacobian.shape[0]],
    dtype: rows.dtype,
    backend: rows.backend,
    tags: new Set(rows === columns ? ['symmetric', 'positive-definite'] : []),
    matmul: async (u) => {
      if (rows === columns) return rows.kernelProduct(u);
      using weights = await columns.jacobian.transpose().matmul(u); // [k, p]
      return await rows.jacobian.matmul(weights); // awaited: the weights live until the product is done
    },
    transpose: () => (rows === columns ? operator : ntkOperator(columns, rows)),
    toMatrix: () => kernelMatrix(rows, columns),
    ...(rows === columns ? { diagonal: () => kernelDiagonal(rows) } : {}),
    dispose: () => undefined,
  });
  return operator;
}
