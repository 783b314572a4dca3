import { type LinearOperator, type Matrix, choleskySolver } from '@ntk/linop';
import type { InformationSolver } from './information.ts';
import { type JacobianQuery, conditionJacobian } from './jacobian-conditioning.ts';
import { type Noise, precisionRootOf } from './noise.ts';
import { type Targets, type WeightPosterior, posteriorFrom } from './posterior.ts';

/** A regression problem in parameter space. */
export interface ParameterSpaceProblem extends Targets {
  /** J(X), [N, p]: on the host, or an operator known by its products, borrowed for the life of the posterior; leave-one-out needs the former. */
  readonly jTrain: Matrix | LinearOperator;
  /** s² for all parameters, or one prior variance a parameter [p]; 0 freezes a parameter. 1 by default. */
  readonly priorVariance?: number | Float64Array;
  readonly noise: Noise;
}

/**
 * The posterior from the Jacobian: weights w = (JᵀΣ⁻¹J + S⁻¹)⁻¹JᵀΣ⁻¹(y − m), mean m* + J*w, covariance J*(JᵀΣ⁻¹J + S⁻¹)⁻¹J*ᵀ.
 *
 * Equal to functionSpacePosterior with K = J S Jᵀ; its `coefficients` are the weights themselves.
 *
 * @param problem - borrowed; a matrix is not kept
 * @param solver - its state must offer a factor; a Cholesky factor by default
 * @returns the posterior; the caller disposes it
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a noise variance is not positive or a prior variance is negative
 * @throws {NumericalError} if a number is not finite
 *
 * Cost: N·p²/2 + p³/6 multiply-adds and p² + 2·N·p entries of memory; for an operator p products with J and Jᵀ, and p² entries.
 * Source: Rasmussen & Williams (2006), section 2.1.
 */
export async function parameterSpacePosterior(
  problem: ParameterSpaceProblem,
  solver: InformationSolver = choleskySolver(),
): Promise<WeightPosterior<JacobianQuery>> {
  const { jTrain, priorVariance = 1, noise } = problem;
  const precisionRoot = precisionRootOf(noise, 'data' in jTrain ? jTrain.rows : jTrain.shape[0]);
  return posteriorFrom(await conditionJacobian({ jTrain, priorVariance, precisionRoot }, solver), problem);
}
