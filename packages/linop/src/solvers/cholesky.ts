import {
  type Backend,
  OptionError,
  OwnershipError,
  ShapeError,
  type Tensor,
  allocate,
  asDType,
  unitRoundoff,
} from '@ntk/tensor';
import { checkVectors, requireTag } from '../checks.ts';
import {
  type Cholesky,
  type CholeskyFailure,
  type CholeskyOptions,
  checkedJitterPolicy,
  tryCholesky,
  tryCholeskyOn,
} from '../dense/cholesky.ts';
import { requireFloat64 } from '../dense/float64-backend.ts';
import { choleskyInverse, choleskyInverseDiagonal, choleskyLogDeterminant, invertLower } from '../dense/inverse.ts';
import { invertLowerOn } from '../dense/invert-lower-on.ts';
import { type Matrix, matrix } from '../dense/matrix.ts';
import { solveLowerOn, solveLowerTransposedOn } from '../dense/solve-lower-on.ts';
import { choleskySolve, solveLower, solveLowerTransposed } from '../dense/triangular.ts';
import { NumericalError } from '../errors.ts';
import type { LogDeterminant } from '../log-determinant.ts';
import type { LinearOperator } from '../operator.ts';
import { toMatrix } from '../operators/probe.ts';
import { relativeResiduals } from '../residual.ts';
import type { LinearSolver, Solution, SolverState } from '../solver.ts';

/** Settings of the Cholesky solver. */
export interface CholeskySolverOptions extends Pick<CholeskyOptions, 'jitter'> {
  /**
   * Largest relative residual that counts as converged: ‖b − A x‖ ≤ rtol · ‖b‖ with the A that was given, without jitter. By default the
   * cube root of the unit roundoff of b: 4.8e-6 in float64, 3.9e-3 in float32.
   */
  readonly rtol?: number;
  /** Computes the products of the factorisation, in float64; the host does unless given. It need not be the backend of the operator. */
  readonly backend?: Backend;
}

/**
 * A factorised operator, A + jitter · I = L Lᵀ, in float64 on the host.
 *
 * Its methods throw NumericalError where the factorisation failed; `failure` says so without throwing.
 */
export interface CholeskyState extends SolverState, LogDeterminant {
  readonly operator: LinearOperator;
  /** Why there is no factor, or undefined. */
  readonly failure: CholeskyFailure | undefined;
  /** What was added to the diagonal, in the units of A. */
  readonly jitter: number;
  /** L, [n, n]; borrowed, valid until the state is disposed. */
  factor(): Matrix;
  /** A⁻¹ b for each row b of a host block, [k, n] → [k, n], without rounding to the dtype of A. Cost: k·n² multiply-adds. */
  solve(b: Matrix): Matrix;
  /** L⁻¹ b for each row b of a host block, [k, n] → [k, n]: half of the solve, whose squared norms are bᵀ A⁻¹ b. Cost: k·n²/2. */
  solveFactor(b: Matrix): Promise<Matrix>;
  /** L⁻ᵀ b for each row b of a host block, [k, n] → [k, n]: the other half of the solve. Cost: k·n²/2. */
  solveFactorTransposed(b: Matrix): Promise<Matrix>;
  /** L⁻¹, lower triangular, [n, n]. Cost: n³/4 multiply-adds, or n³/3 on the backend. */
  inverseFactor(): Promise<Matrix>;
  /** The diagonal of A⁻¹, [n]. Cost: n³/4 multiply-adds. */
  inverseDiagonal(): Float64Array;
  /** A⁻¹, [n, n]. Cost: n³/2 multiply-adds. */
  inverse(): Matrix;
}

/**
 * Solves positive definite systems by a Cholesky factor in float64, whatever the dtype of the operator. The factor is on the host; with a
 * backend, its products are computed there.
 *
 * The operator needs the tag `positive-definite`. If it is not positive definite to rounding, a growing jitter is added to the diagonal;
 * the one used is reported, and the status still tells by the residual whether A x = b is solved.
 *
 * @throws {OptionError} if an option makes no sense
 * @throws {UnsupportedError} if the backend has no float64
 *
 * Cost: `init` the entries of A (see `toMatrix`) and n³/6 multiply-adds; `compute` k·n² and one matmul for the residual.
 */
export function choleskySolver(options: CholeskySolverOptions = {}): LinearSolver<CholeskyState> {
  const jitter = checkedJitterPolicy(options.jitter);
  const { rtol, backend } = options;
  if (backend !== undefined) requireFloat64(backend, 'choleskySolver');
  if (rtol !== undefined && !(rtol > 0))
    throw new OptionError(`choleskySolver: got rtol ${rtol}, expected a positive number`);
  return {
    init: async (A) => {
      requireTag(A, 'positive-definite', 'choleskySolver');
      const [rows, columns] = A.shape;
      if (rows !== columns) {
        throw new ShapeError(`choleskySolver: got an operator of ${rows} × ${columns}, expected a square one`);
      }
      const entries = await toMatrix(A);
      const settings = { inPlace: true, jitter };
      return backend === undefined
        ? stateOf(A, tryCholesky(entries, settings))
        : stateOf(A, await tryCholeskyOn(backend, entries, settings), backend);
    },
    compute: (state, b) => compute(state, b, rtol),
  };
}

/** Right-hand sides for which substitution on the host is as fast as a backend. */
const FEW = 32;

function stateOf(operator: LinearOperator, result: Cholesky | CholeskyFailure, backend?: Backend): CholeskyState {
  const failure = result.status === 'converged' ? undefined : result;
  let held = result.status === 'converged' ? result.factor : undefined;
  const factor = (): Matrix => {
    if (failure !== undefined) throw new NumericalError(failure.message, failure.status);
    if (held === undefined) {
      throw new OwnershipError('choleskySolver: a state was used after it was disposed; init the solver again');
    }
    return held;
  };
  const dispose = (): void => {
    held = undefined;
  };
  return {
    operator,
    failure,
    jitter: result.jitter,
    factor,
    solve: (b) => choleskySolve(factor(), b),
    solveFactor: async (b) =>
      backend === undefined || b.rows < FEW ? solveLower(factor(), b) : solveLowerOn(backend, factor(), b),
    solveFactorTransposed: async (b) =>
      backend === undefined || b.rows < FEW
        ? solveLowerTransposed(factor(), b)
        : solveLowerTransposedOn(backend, factor(), b),
    inverseFactor: async () => (backend === undefined ? invertLower(factor()) : invertLowerOn(backend, factor())),
    inverseDiagonal: () => choleskyInverseDiagonal(factor()),
    inverse: () => choleskyInverse(factor()),
    logDeterminant: async () => choleskyLogDeterminant(factor()),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

async function compute(state: CholeskyState, b: Tensor, rtol: number | undefined): Promise<Solution> {
  const { operator: A, failure, jitter } = state;
  const n = A.shape[0];
  const k = checkVectors(A, b, n, 'choleskySolver.compute');
  if (failure !== undefined) return unsolved(A, b, failure);
  const right = Float64Array.from(await b.backend.read(b));
  const bad = right.findIndex((entry) => !Number.isFinite(entry));
  if (bad >= 0) {
    const message = `right-hand side ${Math.floor(bad / n)} holds ${right[bad]} at entry ${bad % n}; look for missing values in the data`;
    return unsolved(A, b, { status: 'non-finite-input', message, jitter });
  }
  const solved = state.solve(matrix(k, n, right));
  const value = A.backend.upload(asDType(solved.data, b.dtype), [k, n]);
  const residual = await relativeResiduals(A, value, b);
  const tolerance = rtol ?? Math.cbrt(unitRoundoff(b.dtype));
  const stats = { steps: 1, residual, jitter };
  if (residual.every((r) => r <= tolerance)) return { value, status: 'converged', stats };
  const message =
    `the operator is singular to rounding (jitter ${jitter.toExponential(2)}, tolerance ${tolerance.toExponential(2)}); ` +
    'raise the noise variance, or rtol if this residual is good enough';
  return { value, status: 'breakdown', stats, message };
}

function unsolved(A: LinearOperator, b: Tensor, why: Pick<CholeskyFailure, 'status' | 'message' | 'jitter'>): Solution {
  const [k, n] = [b.shape[0]!, A.shape[1]];
  const value = A.backend.upload(allocate(b.dtype, k * n).fill(NaN), [k, n]);
  const stats = { steps: 1, residual: new Array<number>(k).fill(NaN), jitter: why.jitter };
  return { value, status: why.status, stats, message: why.message };
}
