import { ShapeError } from '@ntk/tensor';
import { checkCompatible } from '../checks.ts';
import type { LinearOperator, Tag } from '../operator.ts';
import { defineOperator } from './define.ts';
import type { TagOptions } from './dense.ts';

/**
 * The product A B, such as J times Jᵀ.
 *
 * It has only the tags given: none follows from those of the factors.
 *
 * @param A - [rows, inner]; borrowed for the life of the product
 * @param B - [inner, columns]; borrowed likewise
 * @throws {ShapeError | DTypeError | OwnershipError} if the factors do not fit each other
 *
 * Cost of matmul: one of B, then one of A.
 */
export function productOperator(A: LinearOperator, B: LinearOperator, options: TagOptions = {}): LinearOperator {
  return multiply(A, B, new Set(options.tags), []);
}

function multiply(
  A: LinearOperator,
  B: LinearOperator,
  tags: ReadonlySet<Tag>,
  owned: readonly LinearOperator[],
): LinearOperator {
  const { dtype, backend } = checkCompatible([A, B], 'productOperator');
  if (A.shape[1] !== B.shape[0]) {
    throw new ShapeError(
      `productOperator: got ${A.shape.join(' × ')} times ${B.shape.join(' × ')}, expected equal inner sizes; check the order of the factors`,
    );
  }
  return defineOperator({
    name: 'productOperator',
    shape: [A.shape[0], B.shape[1]],
    dtype,
    backend,
    tags,
    matmul: async (x) => {
      using inner = await B.matmul(x); // [k, inner]
      return await A.matmul(inner); // [k, rows]
    },
    transpose: () => {
      const [left, right] = [B.transpose(), A.transpose()];
      return multiply(left, right, tags, [left, right]);
    },
    dispose: () => {
      for (const operator of owned) operator.dispose();
    },
  });
}
