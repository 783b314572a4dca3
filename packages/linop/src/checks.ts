import { DTypeError, OwnershipError, ShapeError, type Tensor, formatShape } from '@ntk/tensor';
import { TagError } from './errors.ts';
import type { LinearOperator, Tag } from './operator.ts';

/**
 * Checks a block of vectors against what an operator takes, and returns how many there are.
 *
 * @param length - entries of each vector
 * @throws {ShapeError | DTypeError | OwnershipError} if the block does not fit
 */
export function checkVectors(A: LinearOperator, x: Tensor, length: number, caller: string): number {
  if (x.shape.length !== 2 || x.shape[1] !== length) {
    throw new ShapeError(
      `${caller}: got a block of shape ${formatShape(x.shape)}, expected [k, ${length}]; store one vector a row, a single one as [1, ${length}]`,
    );
  }
  if (x.dtype !== A.dtype) {
    throw new DTypeError(
      `${caller}: got ${x.dtype} vectors, expected ${A.dtype} as the operator; convert them with transfer()`,
    );
  }
  if (x.backend !== A.backend) {
    throw new OwnershipError(
      `${caller}: got vectors of the backend ${x.backend.name}, expected ${A.backend.name} as the operator; move them with transfer()`,
    );
  }
  return x.shape[0]!;
}

/**
 * Checks that operators can be combined: equal dtype and backend.
 *
 * @returns the first of them
 * @throws {ShapeError | DTypeError | OwnershipError} if there is none, or one differs from the first
 */
export function checkCompatible(operators: readonly LinearOperator[], caller: string): LinearOperator {
  const first = operators[0];
  if (first === undefined) throw new ShapeError(`${caller}: got no operators, expected at least one`);
  for (const other of operators) {
    if (other.dtype !== first.dtype) {
      throw new DTypeError(
        `${caller}: got operators in ${first.dtype} and ${other.dtype}, expected one dtype; build both in the same`,
      );
    }
    if (other.backend !== first.backend) {
      throw new OwnershipError(
        `${caller}: got operators of the backends ${first.backend.name} and ${other.backend.name}, expected one; build both on the same`,
      );
    }
  }
  return first;
}

/** Whether an operator's tags say, directly or by implication, that it has a property. */
export function hasTag(A: LinearOperator, tag: Tag): boolean {
  if (A.tags.has(tag)) return true;
  return tag === 'symmetric' && (A.tags.has('positive-definite') || A.tags.has('diagonal'));
}

/**
 * Checks that an operator declares a property.
 *
 * @throws {TagError} if it does not
 */
export function requireTag(A: LinearOperator, tag: Tag, caller: string): void {
  if (hasTag(A, tag)) return;
  const got = A.tags.size === 0 ? 'no tags' : `the tags ${[...A.tags].join(', ')}`;
  throw new TagError(
    `${caller}: got an operator with ${got}, expected '${tag}'; declare it where the operator is built if it holds`,
  );
}
