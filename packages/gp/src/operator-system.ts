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
import { asDType } from '@ntk/tensor';
import { informationOperator } from './feature-operator.ts';

/** What a solver's state may offer beyond solving; used where it is there. */
export interface OperatorSolverState extends SolverState, Partial<LogDeterminant> {
  /** What was added to the diagonal. */
  readonly jitter?: number;
}

/** Any solver of positive definite systems; `cg()` of @ntk/cg and `choleskySolver()` of @ntk/linop are ones. */
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

/** I + A Aᵀ, handed to a solver once. */
export interface System {
  readonly state: OperatorSolverState;
  /** Solves for host rows, [k, size]. @throws {SolveError} where the rules ask for it */
  solve(b: Matrix, purpose: SolveReport['purpose']): Promise<Matrix>;
  dispose(): void;
}

/**
 * Hands I + A B, B = Aᵀ, to a solver.
 *
 * @param factors - [A, Aᵀ]; borrowed for the life of the system
 *
 * Cost: the solver's init.
 */
export async function prepareSystem(
  [a, b]: readonly [LinearOperator, LinearOperator],
  solver: OperatorSolver,
  rules: SolveRules,
): Promise<System> {
  const operator = informationOperator(a, b);
  try {
    const state = await solver.init(operator);
    return {
      state,
      solve: async (right, purpose) => solveRows({ operator, state, solver, rules }, right, purpose),
      dispose: () => {
        state.dispose();
        operator.dispose();
      },
    };
  } catch (error) {
    operator.dispose();
    throw error;
  }
}

interface Prepared {
  readonly operator: LinearOperator;
  readonly state: OperatorSolverState;
  readonly solver: OperatorSolver;
  readonly rules: SolveRules;
}

async function solveRows(prepared: Prepared, b: Matrix, purpose: SolveReport['purpose']): Promise<Matrix> {
  if (b.rows === 0) return matrix(0, b.columns);
  const { operator, state, solver, rules } = prepared;
  using right = operator.backend.upload(asDType(b.data, operator.dtype), [b.rows, b.columns]);
  const solution = await solver.compute(state, right);
  rules.onSolve?.({ purpose, status: solution.status, stats: solution.stats });
  if (purpose === 'fit' && solution.status !== 'converged' && rules.throwOnFailure !== false) {
    throw new SolveError(solution);
  }
  using value = solution.value;
  return matrix(b.rows, b.columns, Float64Array.from(await operator.backend.read(value)));
}
