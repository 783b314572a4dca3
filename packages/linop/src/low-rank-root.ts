import type { Matrix } from './dense/matrix.ts';
import type { LinearOperator } from './operator.ts';

/** A method that approximates the inverse of a positive definite operator from below by few rows. */
export interface LowRankRoot {
  /**
   * R with RᵀR ≤ A⁻¹ up to the rounding of products.
   *
   * @param A - positive definite, [n, n]; borrowed
   * @param start - a right-hand side, not 0, [n], that the root serves well, together with those like it; borrowed
   * @returns R, [m, n]; the caller's
   * @throws {TagError | ShapeError | OptionError} if operator and vector do not fit
   * @throws {NumericalError} if A is found not to be positive definite, or not finite
   */
  inverseRoot(A: LinearOperator, start: Float64Array): Promise<Matrix>;
}
