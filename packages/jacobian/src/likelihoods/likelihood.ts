/**
 * How targets y depend on the network's outputs η, row by row ([n, c], output fastest). Everything is per example and in float64.
 *
 * `curvature` is Λ, the Hessian of −log p(y|η) in η (its expectation where the two differ): block diagonal over examples, never
 * negative. JᵀΛJ is then the generalised Gauss-Newton matrix, which is the Fisher matrix of the linearised network.
 */
export interface Likelihood {
  readonly name: string;
  /** Expected targets E[y|η], [n·c]: what `gradient` vanishes at. */
  mean(eta: Float64Array): Float64Array;
  /** −log p(y|η), summed over all rows. */
  value(eta: Float64Array, y: Float64Array): number;
  /** ∂(−log p)/∂η, [n·c] */
  gradient(eta: Float64Array, y: Float64Array): Float64Array;
  /**
   * Λ V for k right-hand sides.
   *
   * @param eta - where Λ is taken, [n·c]
   * @param v - [k, n·c]
   * @returns [k, n·c]
   */
  curvature(eta: Float64Array, v: Float64Array): Float64Array;
}
