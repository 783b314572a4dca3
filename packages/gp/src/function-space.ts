import { type Matrix, choleskySolver } from '@ntk/linop';
import { checkVector } from './checks.ts';
import type { InformationSolver } from './information.ts';
import { type KernelConditioning, type KernelQuery, conditionKernel } from './kernel-conditioning.ts';
import { type Noise, precisionRootOf } from './noise.ts';
import { type Posterior, type Targets, posteriorFrom } from './posterior.ts';
import type { PriorMean } from './prior-mean.ts';

/** A regression problem in function space. */
export interface FunctionSpaceProblem extends Targets {
  /** K(X, X) without prior variance, symmetric positive semidefinite, [N, N]. */
  readonly kTrainTrain: Matrix;
  /** s², multiplies every kernel block; 1 by default. */
  readonly priorVariance?: number;
  readonly noise: Noise;
}

/** Examples to add to a posterior in function space. */
export interface AppendedExamples {
  /** K(X', X) between the new rows and all that are there, without prior variance, [k, N]. */
  readonly kNewTrain: Matrix;
  /** K(X', X'), [k, k]. */
  readonly kNewNew: Matrix;
  /** Targets of the new rows, [k]. */
  readonly yNew: Float64Array;
  /** Noise of the new rows, in the form of that of the old ones. */
  readonly noise: Noise;
  /** Mean of the prior at the new rows, [k], where it is `fixed`; zero by default. Ignored where it is `constant`. */
  readonly priorMean?: Float64Array;
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
): Promise<FunctionSpacePosterior> {
  const { kTrainTrain, priorVariance = 1, noise } = problem;
  const precisionRoot = precisionRootOf(noise, kTrainTrain.rows);
  const conditioning = await conditionKernel({ kTrainTrain, priorVariance, precisionRoot }, solver);
  return fit(conditioning, {
    yTrain: problem.yTrain.slice(),
    ...(problem.priorMean !== undefined && { priorMean: copyMean(problem.priorMean) }),
  });
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

function appendTargets({ yTrain, priorMean }: Targets, { yNew, priorMean: newMean }: AppendedExamples): Targets {
  checkVector(yNew, yNew.length, 'yNew');
  const y = concatenate(yTrain, yNew);
  if (priorMean?.kind === 'constant') return { yTrain: y, priorMean };
  if (newMean !== undefined) checkVector(newMean, yNew.length, 'priorMean');
  if (priorMean === undefined && newMean === undefined) return { yTrain: y };
  const old = priorMean?.values ?? new Float64Array(yTrain.length);
  return {
    yTrain: y,
    priorMean: { kind: 'fixed', values: concatenate(old, newMean ?? new Float64Array(yNew.length)) },
  };
}

function copyMean(mean: PriorMean): PriorMean {
  return mean.kind === 'fixed' ? { kind: 'fixed', values: mean.values.slice() } : mean;
}

function concatenate(first: Float64Array, second: Float64Array): Float64Array {
  const joined = new Float64Array(first.length + second.length);
  joined.set(first, 0);
  joined.set(second, first.length);
  return joined;
}
