import { type LinearOperator, stackOperator } from '@ntk/linop';
import { OptionError, ShapeError } from '@ntk/tensor';
import { type AppendedTargets, appendTargets, copyTargets } from './appended-targets.ts';
import { type Noise, precisionRootOf } from './noise.ts';
import {
  type OperatorConditioning,
  type OperatorOptions,
  type OperatorProblem,
  type OperatorQuery,
  conditionOperator,
} from './operator-conditioning.ts';
import type { OperatorSolver } from './operator-system.ts';
import { type Targets, type WeightPosterior, posteriorFrom } from './posterior.ts';
import { type PrecisionRoot, joinPrecisionRoots } from './precision-root.ts';

/** A regression problem by the products of its Jacobian. */
export interface OperatorSpaceProblem extends Targets, Omit<OperatorProblem, 'precisionRoot'> {
  readonly noise: Noise;
}

/** Examples to add to a posterior by products. */
export interface AppendedJacobian extends AppendedTargets {
  /** J(X'), [k, p]; borrowed for the life of the new posterior. */
  readonly jNew: LinearOperator;
  /** The same for products inside the solver, where the posterior has such. */
  readonly jNewSolve?: LinearOperator;
}

/** A posterior by products, to which examples can be added. */
export interface OperatorPosterior extends WeightPosterior<OperatorQuery> {
  readonly conditioning: OperatorConditioning;
  /**
   * The posterior of the old examples and new ones, at the same variances: its solver starts from the solution of this one.
   *
   * @param examples - operators are borrowed for the life of the new posterior, as those of this one are
   * @param solver - in the place of that of this posterior, where that one knows the number of rows (`products` of a stored kernel)
   * @returns a posterior that is independent of this one but for the operators; the caller disposes both
   * @throws {ShapeError} if sizes do not fit
   * @throws {OptionError} if a noise variance is not positive, or `jNewSolve` is missing or too many
   * @throws {SolveError} as operatorPosterior
   *
   * Cost: that of a new posterior, in fewer steps the better this one foresees the new targets.
   */
  append(examples: AppendedJacobian, solver?: OperatorSolver): Promise<OperatorPosterior>;
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
): Promise<OperatorPosterior> {
  const { jTrain, jSolve, priorVariance = 1, noise } = problem;
  const precisionRoot = precisionRootOf(noise, jTrain.shape[0]);
  const shards = { train: [jTrain], ...(jSolve === undefined ? {} : { solve: [jSolve] }) };
  return fit({ shards, priorVariance, precisionRoot, targets: copyTargets(problem) }, solver, options);
}

/** A problem whose rows came one part after the other. */
interface ShardedProblem {
  readonly shards: { readonly train: readonly LinearOperator[]; readonly solve?: readonly LinearOperator[] };
  readonly priorVariance: number | Float64Array;
  readonly precisionRoot: PrecisionRoot;
  readonly targets: Targets;
}

async function fit(
  problem: ShardedProblem,
  solver: OperatorSolver,
  options: OperatorOptions,
): Promise<OperatorPosterior> {
  const { shards, priorVariance, precisionRoot, targets } = problem;
  const stacks = [shards.train, ...(shards.solve === undefined ? [] : [shards.solve])].map(stackOf);
  const release = (): void => stacks.forEach((stack) => stack.dispose());
  const [jTrain, jSolve] = stacks.map(({ operator }) => operator);
  const operators = { jTrain: jTrain!, ...(jSolve === undefined ? {} : { jSolve }) };
  try {
    const conditioning = await conditionOperator({ ...operators, priorVariance, precisionRoot }, solver, options);
    const posterior = await posteriorFrom(conditioning, targets, options.start);
    const { unknowns } = posterior;
    return Object.assign(posterior, {
      append: async (examples: AppendedJacobian, other: OperatorSolver = solver): Promise<OperatorPosterior> => {
        const start = unknowns === undefined ? {} : { start: unknowns };
        // Estimates were those of the old rows.
        return fit(appendRows(problem, examples), other, { ...options, estimates: {}, ...start });
      },
      dispose: (): void => {
        conditioning.dispose();
        release();
      },
    });
  } catch (error) {
    release();
    throw error;
  }
}

// The rows of all shards as one operator, and what is to be disposed of it.
function stackOf(shards: readonly LinearOperator[]): { readonly operator: LinearOperator; dispose(): void } {
  const [first] = shards;
  if (shards.length === 1) return { operator: first!, dispose: () => undefined };
  const operator = stackOperator(shards);
  return { operator, dispose: () => operator.dispose() };
}

function appendRows(problem: ShardedProblem, examples: AppendedJacobian): ShardedProblem {
  const { train, solve } = problem.shards;
  const { jNew, jNewSolve, yNew, noise } = examples;
  const k = yNew.length;
  if (jNew.shape[0] !== k) throw new ShapeError(`jNew: got ${jNew.shape[0]} rows, expected ${k}, one for each of yNew`);
  if ((solve === undefined) !== (jNewSolve === undefined)) {
    const [got, expected] = solve === undefined ? ['one', 'none'] : ['none', 'one'];
    throw new OptionError(`jNewSolve: got ${got}, expected ${expected}, as the posterior has ${expected} of its own`);
  }
  return {
    ...problem,
    shards: { train: [...train, jNew], ...(solve === undefined ? {} : { solve: [...solve, jNewSolve!] }) },
    precisionRoot: joinPrecisionRoots(problem.precisionRoot, precisionRootOf(noise, k)),
    targets: appendTargets(problem.targets, examples),
  };
}
