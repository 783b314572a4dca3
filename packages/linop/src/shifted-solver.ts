import type { Tensor } from '@ntk/tensor';
import type { LinearOperator } from './operator.ts';
import type { Solution, SolverState } from './solver.ts';

/**
 * A method to solve (A + shift · I) x = b for many shifts at once, for less than a solve each: all noise variances of one kernel.
 *
 * As in LinearSolver, a numerical failure is data, and only mistakes of the caller are thrown.
 */
export interface ShiftedSolver<State extends SolverState = SolverState> {
  /**
   * Does all that depends on A alone.
   *
   * @param A - borrowed for the life of the state
   * @throws {ShapeError | TagError} if the method does not apply to A
   */
  init(A: LinearOperator): Promise<State>;
  /**
   * Solves for a block of right-hand sides and a list of shifts.
   *
   * @param b - [k, rows], one a row; borrowed
   * @param shifts - what is added to the diagonal, in the units of A
   * @returns one solution a shift, in their order, with the residuals of the shifted system; the caller disposes their values
   * @throws {ShapeError | DTypeError | OwnershipError | OptionError} if b or a shift does not fit A
   */
  compute(state: State, b: Tensor, shifts: readonly number[]): Promise<Solution[]>;
}
