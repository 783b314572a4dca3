import type { Matrix } from '@ntk/linop';
import type { PrecisionRoot } from './precision-root.ts';

/** B⁻¹ applied to whitened right-hand sides b̃ = Lᵀ b. */
export interface WhitenedSolution {
  /** B⁻¹ b̃, [k, N]. */
  readonly value: Matrix;
  /** What predicts at new points: L B⁻¹ b̃ in function space [k, N], S Jᵀ L B⁻¹ b̃ in parameter space [k, p]. */
  readonly coefficients: Matrix;
  /** b̃_iᵀ B⁻¹ b̃_j, computed as a sum of squares, [k, k]. */
  readonly gram: Matrix;
  /** What the solver found, from which it can start on a similar system, [k, N] or [k, p]; absent where a factor solves. */
  readonly unknowns?: Matrix;
}

/**
 * A Gaussian process prior conditioned on rows with precision Λ = L Lᵀ, before any target is known: all that depends on the kernel and
 * the precision alone.
 *
 * With B = I + Lᵀ K L and, where Λ is regular, A = K + Λ⁻¹, it holds that A⁻¹ = L B⁻¹ Lᵀ, log|A| = log|B| − log|Λ|, and the covariance is
 * K** − K*ᵀ L B⁻¹ Lᵀ K*. Λ may be singular. Implementations differ in the space in which they work and in what describes a test point.
 *
 * Source: Rasmussen & Williams (2006), section 3.4.3, with W^{1/2} generalised to any root L.
 */
export interface Conditioning<Query> {
  /** Number of rows N. */
  readonly rows: number;
  readonly precisionRoot: PrecisionRoot;
  /** What the factorisation had to add to the diagonal of B; 0 unless it was necessary. Variances then err upwards only. */
  readonly jitter: number;
  /** log|B|. A conditioning by products throws UnsupportedError without an estimate of it. */
  readonly logDeterminant: number;
  /**
   * Solves with B for whitened right-hand sides, [k, N].
   *
   * @param start - `unknowns` of an earlier solve to start from, those of further rows taken as 0; a factor has no use for it
   */
  solve(whitened: Matrix, start?: Matrix): Promise<WhitenedSolution>;
  /** tr B⁻¹; N − tr B⁻¹ is the effective dimension. */
  traceInverse(): Promise<number>;
  /** The diagonal blocks of B⁻¹ for groups of `size` consecutive rows, each positive semidefinite, [N / size, size, size]. */
  inverseBlocks(size: number): Promise<Float64Array>;
  /**
   * The root that covariances come from, for those who store a posterior. Function space: U with A⁻¹ = UᵀU, [N, N], so that the covariance
   * is K** − K*UᵀUK*ᵀ. Parameter space: U with (JᵀΛJ + S⁻¹)⁻¹ = UᵀU, [p, p], so that it is J*UᵀUJ*ᵀ.
   */
  root(): Promise<Matrix>;
  /** The part of the mean that coefficients predict, [k, M]. */
  predict(query: Query, coefficients: Matrix): Promise<Matrix>;
  /** Variance of the noise-free function at each test row, [M]; never negative, never above the prior's. */
  variance(query: Query): Promise<Float64Array>;
  /** Covariance of the noise-free function between the test rows, [M, M], symmetric; its diagonal is `variance`. */
  covariance(query: Query): Promise<Matrix>;
  /** Releases what the solver holds. Disposing twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A conditioning that knows weights: its coefficients are weights w, [k, p], and it can draw from the prior. */
export interface WeightConditioning<Query> extends Conditioning<Query> {
  /** S^{1/2}, [p]; treat as read-only. */
  readonly priorScale: Float64Array;
  /** F ξ = Lᵀ J S^{1/2} ξ for each row ξ of [k, p]: whitened predictions at the training rows, [k, N]. */
  whitenedPredictions(xi: Matrix): Promise<Matrix>;
}
