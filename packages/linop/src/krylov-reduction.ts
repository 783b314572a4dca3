import type { Matrix } from './dense/matrix.ts';
import type { Tridiagonal } from './dense/tridiagonal.ts';
import type { LinearOperator } from './operator.ts';

/** What a symmetric operator A does to the Krylov space of a vector: A ≈ QᵀTQ on the space spanned by the rows of Q. */
export interface KrylovSpace {
  /** T, [m]. */
  readonly tridiagonal: Tridiagonal;
  /** Q, orthonormal rows, the first along the vector, [m, n]. */
  readonly basis: Matrix;
  /** Length of the part of A q_m beyond the space: 0 where the space is invariant, so that nothing more can be found from this vector. */
  readonly beyond: number;
}

/** The spaces so far, without their bases, at a moment when a reduction may end. */
export type IsEnough = (spaces: readonly Omit<KrylovSpace, 'basis'>[]) => boolean | Promise<boolean>;

/** A method that reduces symmetric operators to tridiagonal form on Krylov spaces. */
export interface KrylovReduction {
  /**
   * @param A - symmetric, [n, n]; borrowed
   * @param starts - vectors of any length but 0, [k, n], one a row; borrowed
   * @param isEnough - asked now and then; a reduction that is not told to end does so by its own limit
   * @returns the space of each vector, the caller's
   * @throws {TagError | ShapeError | OptionError} if operator and vectors do not fit
   * @throws {NumericalError} if a product is not finite
   */
  reduce(A: LinearOperator, starts: Matrix, isEnough?: IsEnough): Promise<KrylovSpace[]>;
}
