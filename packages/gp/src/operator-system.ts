import {
  type LinearOperator,
  type LinearSolver,
  type LogDeterminant,
  type Matrix,
  SolveError,
  type SolveStats,
  type SolveStatus,
  type SolverState,
  matrix,
} from '@ntk/linop';
import { ShapeError, asDType, type Tensor } from '@ntk/tensor';
import { type Features, informationOperator } from './feature-operator.ts';

/** What a solver's state may offer beyond solving; used where it is there. */
export interface OperatorSolverState extends SolverState, Partial<LogDeterminant> {
  /** What was added to the diagonal. */
  readonly jitter?: number;
}

/**
 * Any solver of positive definite systems, `cg()` of @ntk/cg and `choleskySolver()` of @ntk/linop among them; or, for least squares, one that
 * minimises ‖b − A x‖² + ‖x‖² for an operator of any shape, such as `lsmr({ damping: 1 })`.
 */
export type OperatorSolver = LinearSolver<OperatorSolverState>;

/** One block solve of a posterior, for those who watch. */
export interface SolveReport {
  /** `fit`: targets, constants, samples. `variance`: test rows. */
  readonly purpose: 'fit' | 'variance';
  readonly status: SolveStatus;
  readonly stats: SolveStats;
}

/** How solves are watched and judged. */
export interface SolveRules {
  /** false accepts targets, means and samples from a solve that did not converge; true by default. Variances hold for any solve. */
  readonly throwOnFailure?: boolean;
  /** Called after each block solve. */
  readonly onSolve?: (report: SolveReport) => void;
}

/** An operator, handed to a solver once. */
export interface System {
  readonly state: OperatorSolverState;
  /**
   * Solves for host rows, [k, rows] → [k, columns].
   *
   * @param start - a guess of the solution, [k, columns]
   * @throws {SolveError} where the rules ask for it
   */
  solve(b: Matrix, purpose: SolveReport['purpose'], start?: Matrix): Promise<Matrix>;
  dispose(): void;
}

/**
 * Hands the information operator of a space to a solver: I + F Fᵀ in function space, I + FᵀF in parameter space.
 *
 * @param features - borrowed for the life of the system
 *
 * Cost: the solver's init.
 */
export async function informationSystem(
  { forward, transpose }: Features,
  space: 'function' | 'parameter',
  rules: SolvedBy,
): Promise<System> {
  const operator =
    space === 'function' ? informationOperator(forward, transpose) : informationOperator(transpose, forward);
  try {
    const system = await prepareSystem(operator, rules);
    const dispose = (): void => {
      system.dispose();
      operator.dispose();
    };
    return { ...system, dispose };
  } catch (error) {
    operator.dispose();
    throw error;
  }
}

/** A solver and how its solves are judged. */
export interface SolvedBy extends SolveRules {
  readonly solver: OperatorSolver;
}

/**
 * Hands an operator to a solver.
 *
 * @param operator - borrowed for the life of the system
 *
 * Cost: the solver's init.
 */
export async function prepareSystem(operator: LinearOperator, rules: SolvedBy): Promise<System> {
  const state = await rules.solver.init(operator);
  return {
    state,
    solve: async (right, purpose, start) => solveRows({ operator, state, rules }, right, { purpose, start }),
    dispose: () => state.dispose(),
  };
}

interface Prepared {
  readonly operator: LinearOperator;
  readonly state: OperatorSolverState;
  readonly rules: SolvedBy;
}

interface Task {
  readonly purpose: SolveReport['purpose'];
  readonly start: Matrix | undefined;
}

async function solveRows(prepared: Prepared, b: Matrix, { purpose, start }: Task): Promise<Matrix> {
  const { operator, state, rules } = prepared;
  const columns = operator.shape[1];
  if (b.rows === 0) return matrix(0, columns);
  if (start !== undefined && start.columns !== columns) {
    throw new ShapeError(
      `start: got ${start.columns} columns, expected ${columns}, the unknowns of a posterior in the same space`,
    );
  }
  using right = uploadRows(operator, b);
  using guess = start === undefined ? undefined : uploadRows(operator, start);
  const solution = await rules.solver.compute(state, right, guess === undefined ? {} : { start: guess });
  rules.onSolve?.({ purpose, status: solution.status, stats: solution.stats });
  if (purpose === 'fit' && solution.status !== 'converged' && rules.throwOnFailure !== false) {
    throw new SolveError(solution);
  }
  using value = solution.value;
  return matrix(b.rows, columns, Float64Array.from(await operator.backend.read(value)));
}

function uploadRows({ backend, dtype }: LinearOperator, { rows, columns, data }: Matrix): Tensor {
  return backend.upload(asDType(data, dtype), [rows, columns]);
}
