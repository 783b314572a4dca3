import { NtkError, type Tensor } from '@ntk/tensor';
import type { LinearOperator } from './operator.ts';

/**
 * How a solve ended.
 *
 * `converged`: the true residual is within the solver's tolerance. `max-steps`: it is not, and the steps are used up.
 * `breakdown`: the operator is not what the solver needs (not positive definite, singular to rounding).
 * `non-finite-input`: the operator or a right-hand side holds NaN or infinity.
 */
export type SolveStatus = 'converged' | 'max-steps' | 'breakdown' | 'non-finite-input';

/** What a solve took and reached. */
export interface SolveStats {
  /** Steps of an iterative method; 1 for a direct one. */
  readonly steps: number;
  /** ‖b − A x‖ / ‖b‖ for each right-hand side, recomputed from the returned x; 0 for b = 0 solved by 0. [k] */
  readonly residual: readonly number[];
  /** What was added to the diagonal to make a factorisation possible, in the units of A; absent where none can be. */
  readonly jitter?: number;
  /** Of least squares: the gradient at the returned x, relative to the sizes of operator and residual, by which they converge. [k] */
  readonly optimality?: readonly number[];
}

/** The result of a solve: a numerical failure is data. */
export interface Solution {
  /** x, [k, columns], dtype of b, NaN where there is no answer; the caller disposes it. */
  readonly value: Tensor;
  readonly status: SolveStatus;
  readonly stats: SolveStats;
  /** One sentence for people where the status is not `converged`: what was found, and what to do. */
  readonly message?: string;
}

/** What helps a solve. */
export interface ComputeOptions {
  /** A guess of x to start from, [k, columns], dtype and backend of b; borrowed, zero by default. Methods that cannot start from one do without. */
  readonly start?: Tensor;
}

/** What a solver keeps about an operator; it can be used for many right-hand sides. */
export interface SolverState {
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * A method to solve A x = b.
 *
 * A numerical failure of `init` is kept in the state and reported by `compute`; only mistakes of the caller are thrown.
 */
export interface LinearSolver<State extends SolverState = SolverState> {
  /**
   * Does all that depends on A alone.
   *
   * @param A - borrowed for the life of the state
   * @throws {ShapeError | TagError} if the method does not apply to A
   */
  init(A: LinearOperator): Promise<State>;
  /**
   * Solves for a block of right-hand sides.
   *
   * @param b - [k, rows], one a row; borrowed
   * @throws {ShapeError | DTypeError | OwnershipError} if b does not fit A
   */
  compute(state: State, b: Tensor, options?: ComputeOptions): Promise<Solution>;
}

/** Options of solve. */
export interface SolveOptions {
  /** false returns a failed Solution instead of throwing; true by default. */
  readonly throwOnFailure?: boolean;
}

/** A solve that did not converge. It carries the Solution, whose value the catcher disposes. */
export class SolveError extends NtkError {
  readonly solution: Solution;

  constructor(solution: Solution) {
    const worst = solution.stats.residual.reduce((most, r) => (r > most || Number.isNaN(r) ? r : most), 0);
    const reason = solution.message ?? 'raise the step limit, improve the preconditioner, or add to the diagonal';
    super(
      `solve: got status '${solution.status}' after ${solution.stats.steps} steps with a relative residual of ${worst.toExponential(2)}, ` +
        `expected 'converged'; ${reason}`,
    );
    this.solution = solution;
  }
}

/**
 * Solves A x = b once.
 *
 * @param A - borrowed
 * @param b - right-hand sides, [k, rows], one a row; borrowed
 * @param solver - the method; keep the state of its `init` yourself to solve again with the same A
 * @returns the solution; the caller disposes its value
 * @throws {ShapeError | DTypeError | TagError | OwnershipError} if operator, right-hand sides and solver do not fit
 * @throws {SolveError} if it does not converge, unless `throwOnFailure` is false
 *
 * Cost: the solver's init and compute.
 */
export async function solve<State extends SolverState>(
  A: LinearOperator,
  b: Tensor,
  solver: LinearSolver<State>,
  options: SolveOptions = {},
): Promise<Solution> {
  using state = await solver.init(A);
  const solution = await solver.compute(state, b);
  if (solution.status !== 'converged' && options.throwOnFailure !== false) throw new SolveError(solution);
  return solution;
}
