import { type Matrix, choleskySolver } from '@ntk/linop';
import { type AppendedTargets, appendTargets, copyTargets } from './appended-targets.ts';
import type { InformationSolver } from './information.ts';
import { type KernelConditioning, type KernelQuery, conditionKernel } from './kernel-conditioning.ts';
import { type Noise, precisionRootOf } from './noise.ts';
import { type Posterior, type Targets, posteriorFrom } from './posterior.ts';

/** A regression problem in function space. */
export interface FunctionSpaceProblem extends Targets {
  /** K(X, X) without prior variance, symmetric positive semidefinite, [N, N]. */
  readonly kTrainTrain: Matrix;
  /** s², multiplies every kernel block; 1 by default. */
  readonly priorVariance?: number;
  readonly noise: Noise;
  /** Overwrite `kTrainTrain`, both of whose triangles must be there, instead of copying it: it is the posterior's then, and of no use to the caller, also if this throws. */
  readonly inPlace?: boolean;
}

/** Examples to add to a posterior in function space. */
export interface AppendedExamples extends AppendedTargets {
  /** K(X', X) between the new rows and all that are there, without prior variance, [k, N]. */
  readonly kNewTrain: Matrix;
  /** K(X', X'), [k, k]. */
  readonly kNewNew: Matrix;
}

/** A posterior from kernel matrices, to which examples can be added. */
export interface FunctionSpacePosterior extends Posterior<KernelQuery> {
  /**
   * The posterior of the old examples and new ones, at the same prior variance: equal to a refit to rounding.
   *
   * @param examples - borrowed, not kept
   * @returns a posterior that is independent of this one; the caller disposes both
   * @throws {ShapeError} if sizes do not fit
   * @throws {OptionError} if a noise variance is not positive
   * @throws {NumericalError} if a number is not finite, or the new rows depend on the others to rounding
   *
   * Cost: k·N²/2 multiply-adds for the factor and N² for the targets.
   */
  append(examples: AppendedExamples): Promise<FunctionSpacePosterior>;
}

/**
 * The posterior from kernel matrices: A = s² K + Σ, α = A⁻¹(y − m), mean m* + s² K* α, covariance s² K** − s⁴ K* A⁻¹ K*ᵀ.
 *
 * @param problem - borrowed, not kept; its kernel is overwritten if `inPlace`
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
): Promise<FunctionSpacePosterior> {
  const { kTrainTrain, priorVariance = 1, noise, inPlace = false } = problem;
  const precisionRoot = precisionRootOf(noise, kTrainTrain.rows);
  const conditioning = await conditionKernel({ kTrainTrain, priorVariance, precisionRoot, inPlace }, solver);
  return fit(conditioning, copyTargets(problem));
}

async function fit(conditioning: KernelConditioning, targets: Targets): Promise<FunctionSpacePosterior> {
  const posterior = await posteriorFrom(conditioning, targets);
  return Object.assign(posterior, {
    append: async (examples: AppendedExamples): Promise<FunctionSpacePosterior> => {
      const appended = appendTargets(targets, examples);
      const precisionRoot = precisionRootOf(examples.noise, examples.yNew.length);
      return fit(await conditioning.append({ ...examples, precisionRoot }), appended);
    },
  });
}
