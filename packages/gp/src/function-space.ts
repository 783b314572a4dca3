import type { Matrix } from '@ntk/linop';
import { type KernelQuery, conditionKernel } from './kernel-conditioning.ts';
import { type Posterior, type Targets, checkRegular, posteriorFrom } from './posterior.ts';
import { type PrecisionRoot, logDeterminantOfPrecision, noisePrecisionRoot } from './precision-root.ts';

/** A regression problem in function space. */
export interface FunctionSpaceProblem extends Targets {
  /** K(X, X) without prior variance, symmetric positive semidefinite, [N, N]. */
  readonly kTrainTrain: Matrix;
  /** s², multiplies every kernel block; 1 by default. */
  readonly priorVariance?: number;
  /** Noise: a variance for all rows, one a row [N] (in squared units of y), or a regular precision root. */
  readonly noise: number | Float64Array | PrecisionRoot;
}

/**
 * The posterior from kernel matrices: A = s² K + Σ, α = A⁻¹(y − m), mean m* + s² K* α, covariance s² K** − s⁴ K* A⁻¹ K*ᵀ.
 *
 * @param problem - borrowed, not kept
 * @returns the posterior; the caller disposes it
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a noise variance is not positive
 * @throws {NumericalError} if a number is not finite, or the kernel is not positive semidefinite
 *
 * Cost: N³/6 multiply-adds and N² entries of memory. Source: Rasmussen & Williams (2006), algorithm 2.1.
 */
export async function functionSpacePosterior(problem: FunctionSpaceProblem): Promise<Posterior<KernelQuery>> {
  const { kTrainTrain, priorVariance = 1, noise } = problem;
  const precisionRoot = precisionRootOf(noise, kTrainTrain.rows);
  return posteriorFrom(await conditionKernel({ kTrainTrain, priorVariance, precisionRoot }), problem);
}

/** Noise in any of its forms as a regular precision root. */
export function precisionRootOf(noise: number | Float64Array | PrecisionRoot, rows: number): PrecisionRoot {
  if (typeof noise === 'number' || noise instanceof Float64Array) return noisePrecisionRoot(noise, rows);
  checkRegular(logDeterminantOfPrecision(noise));
  return noise;
}
