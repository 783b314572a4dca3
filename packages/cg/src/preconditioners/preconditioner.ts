import type { LinearOperator, Placement } from '@ntk/linop';

/** A positive definite M ≈ A whose inverse is cheap, made ready for one operator. */
export interface Preconditioning {
  /** M⁻¹, [n, n], tagged `positive-definite`. */
  readonly inverse: LinearOperator;
  /** R with M⁻¹ = RᵀR, [n, n]: R A Rᵀ is the operator that the preconditioned iteration sees. */
  readonly inverseRoot: LinearOperator;
  /** log |M|. */
  readonly logDeterminant: number;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A way to make M from A. */
export interface Preconditioner {
  /**
   * Does all that depends on A alone.
   *
   * @param A - positive definite, [n, n]; borrowed for the call only
   * @param placement - where M⁻¹ is to work, which need not be where A does
   * @returns the preconditioning; the caller disposes it
   * @throws {NumericalError} if A is seen not to be positive definite, or not finite
   */
  init(A: LinearOperator, placement: Required<Placement>): Promise<Preconditioning>;
}
