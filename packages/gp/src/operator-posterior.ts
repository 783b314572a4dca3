import type { LinearOperator } from '@ntk/linop';
import { type Noise, precisionRootOf } from './noise.ts';
import { type OperatorOptions, type OperatorQuery, conditionOperator } from './operator-conditioning.ts';
import type { OperatorSolver } from './operator-system.ts';
import { type Targets, type WeightPosterior, posteriorFrom } from './posterior.ts';

/** A regression problem by the products of its Jacobian. */
export interface OperatorSpaceProblem extends Targets {
  /** J(X), [N, p]; borrowed for the life of the posterior. */
  readonly jTrain: LinearOperator;
  /** The same J for products inside the solver: on a faster backend, or in float32. `jTrain` by default. */
  readonly jSolve?: LinearOperator;
  /** s² for all parameters, or one prior variance a parameter [p]; 0 freezes a parameter. 1 by default. */
  readonly priorVariance?: number | Float64Array;
  readonly noise: Noise;
}

/**
 * The posterior by products with J and Jᵀ and any solver: never a kernel, never a stored Jacobian.
 *
 * Its `coefficients` are weights w, [p]: they predict without training data. Variances and covariances err upwards only, whatever the solver
 * reached; with a `constant` prior mean the part of β's uncertainty is exact to the solver's tolerance only.
 *
 * @param problem - operators are borrowed for the life of the posterior
 * @param solver - of positive definite systems, such as `cg()` of @ntk/cg
 * @returns the posterior; the caller disposes it
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a noise variance is not positive or a prior variance is negative
 * @throws {SolveError} if the solve for the targets does not converge, unless `throwOnFailure` is false
 *
 * Cost: the solver's init and one solve.
 */
export async function operatorPosterior(
  problem: OperatorSpaceProblem,
  solver: OperatorSolver,
  options: OperatorOptions = {},
): Promise<WeightPosterior<OperatorQuery>> {
  const precisionRoot = precisionRootOf(problem.noise, problem.jTrain.shape[0]);
  return posteriorFrom(await conditionOperator({ ...problem, precisionRoot }, solver, options), problem);
}
