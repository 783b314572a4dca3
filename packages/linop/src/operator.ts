import type { Backend, DType, Tensor } from '@ntk/tensor';
import type { Matrix } from './dense/matrix.ts';

/**
 * What is known about a matrix. `diagonal` and `positive-definite` each imply `symmetric`.
 *
 * `positive-definite` is promised up to rounding, so that a Gram matrix carries it although it may be singular: solvers report what
 * they meet.
 */
export type Tag = 'symmetric' | 'positive-definite' | 'diagonal';

/**
 * A linear map A: [columns] → [rows] that is known by its products.
 *
 * Vectors come in blocks, one a row: a block [k, columns] becomes [k, rows]; a single vector is [1, columns].
 */
export interface LinearOperator {
  readonly shape: readonly [rows: number, columns: number];
  readonly dtype: DType;
  readonly backend: Backend;
  readonly tags: ReadonlySet<Tag>;
  /**
   * A x for each row x of a block.
   *
   * @param x - [k, columns], of the operator's dtype and backend; borrowed
   * @returns [k, rows]; the caller disposes it
   * @throws {ShapeError | DTypeError | OwnershipError} if x does not fit
   */
  matmul(x: Tensor): Promise<Tensor>;
  /** Aᵀ. It borrows from this operator, which must outlive it; disposing it releases only what is its own. */
  transpose(): LinearOperator;
  /** Releases what the operator made for itself; operands and tensors that it was given stay with their owner. */
  dispose(): void;
  [Symbol.dispose](): void;
  /** Fast path of `diagonal(A)`. */
  diagonal?(): Promise<Float64Array>;
  /** Fast path of `toMatrix(A)`. */
  toMatrix?(): Promise<Matrix>;
}
