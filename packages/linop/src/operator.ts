import type { Backend, DType, Tensor } from '@ntk/tensor';

/** Structure that an operator's maker promises; solvers check it in `init`. */
export type Tag = 'symmetric' | 'positive-definite' | 'diagonal';

/**
 * A linear map, known by its products.
 *
 * Right-hand sides come in blocks with k first: [k, columns] in, [k, rows] out; a single one is [1, columns].
 */
export interface LinearOperator {
  readonly shape: readonly [rows: number, columns: number];
  readonly dtype: DType;
  readonly backend: Backend;
  readonly tags: ReadonlySet<Tag>;
  /**
   * @param x - [k, columns], of this operator's dtype and backend; borrowed
   * @returns the products, [k, rows]; the caller disposes them
   * @throws {ShapeError | DTypeError} if `x` does not fit
   */
  matmul(x: Tensor): Promise<Tensor>;
  /** The transposed operator, a view: it is disposed with this one. */
  transpose(): LinearOperator;
  dispose(): void;
  [Symbol.dispose](): void;
}
