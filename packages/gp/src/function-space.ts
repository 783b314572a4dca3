import { type Matrix, choleskySolver } from '@ntk/linop';
import type { InformationSolver } from './information.ts';
import { type KernelQuery, conditionKernel } from './kernel-conditioning.ts';
import { type Noise, precisionRootOf } from './noise.ts';
import { type Posterior, type Targets, posteriorFrom } from './posterior.ts';

/** A regression problem in function space. */
export interface FunctionSpaceProblem extends Targets {
  /** K(X, X) without prior variance, symmetric positive semidefinite, [N, N]. */
  readonly kTrainTrain: Matrix;
  /** s², multiplies every kernel block; 1 by default. */
  readonly priorVariance?: number;
  readonly noise: Noise;
}

/**
 * The posterior from kernel matrices: A = s² K + Σ, α = A⁻¹(y − m), mean m* + s² K* α, covariance s² K** − s⁴ K* A⁻¹ K*ᵀ.
 *
 * @param problem - borrowed, not kept
 * @param solver - its state must offer a factor; a Cholesky factor by default
 * @returns the posterior; the caller disposes it
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a noise variance is not positive
 * @throws {NumericalError} if a number is not finite, or the kernel is not positive semidefinite
 *
 * Cost: N³/6 multiply-adds and N² entries of memory. Source: Rasmussen & Williams (2006), algorithm 2.1.
 */
export async function functionSpacePosterior(
  problem: FunctionSpaceProblem,
  solver: InformationSolver = choleskySolver(),
): Promise<Posterior<KernelQuery>> {
  const { kTrainTrain, priorVariance = 1, noise } = problem;
  const precisionRoot = precisionRootOf(noise, kTrainTrain.rows);
  return posteriorFrom(await conditionKernel({ kTrainTrain, priorVariance, precisionRoot }, solver), problem);
}
