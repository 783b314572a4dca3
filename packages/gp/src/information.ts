import {
  type LinearSolver,
  type LogDeterminant,
  type Matrix,
  type SolverState,
  choleskyAppend,
  choleskyLogDeterminant,
  copyMatrix,
  gemm,
  invertLower,
  matrixOperator,
  solveLower,
  solveLowerTransposed,
} from '@ntk/linop';
import { UnsupportedError, cpuBackend } from '@ntk/tensor';

/**
 * What an exact posterior asks of a solver's state: the log-determinant, and a triangular factor for variances and leave-one-out.
 *
 * `choleskySolver()` of @ntk/linop offers both.
 */
export interface InformationState extends SolverState, LogDeterminant {
  /** R with B = R Rᵀ, lower triangular; borrowed until the state is disposed. Throws NumericalError where there is none. */
  factor?(): Matrix;
  /** R⁻¹ b for each row b of [k, N], where the solver has a faster way than substitution with the factor. */
  solveFactor?(b: Matrix): Promise<Matrix>;
  /** R⁻ᵀ b for each row b of [k, N], where the solver has a faster way than substitution. */
  solveFactorTransposed?(b: Matrix): Promise<Matrix>;
  /** R⁻¹, where the solver has a faster way than the host. */
  inverseFactor?(): Promise<Matrix>;
  /** What was added to the diagonal of B. */
  readonly jitter?: number;
}

/** The solver of a posterior. */
export type InformationSolver = LinearSolver<InformationState>;

/** Exact solves with an information matrix B, the identity plus a positive semidefinite matrix, from B = R Rᵀ. */
export interface Information {
  /** What was added to the diagonal; 0 unless it was necessary. */
  readonly jitter: number;
  readonly logDeterminant: number;
  /** R⁻¹ b for each row b of [k, N]: its squared length is bᵀ B⁻¹ b. Cost: k·N²/2 multiply-adds. */
  whiten(b: Matrix): Promise<Matrix>;
  /** R⁻ᵀ b for each row b of [k, N]; after `whiten`, B⁻¹ b. Cost: k·N²/2 multiply-adds. */
  finish(b: Matrix): Promise<Matrix>;
  /** R⁻¹, lower triangular, [N, N]: its columns' products are the entries of B⁻¹. Cost: N³/4 multiply-adds. */
  inverseRoot(): Promise<Matrix>;
  /** The information of [B Cᵀ; C D] for new rows C, [k, N], and D, [k, k]; independent of this one. Cost: k·N²/2 multiply-adds. */
  append(below: Matrix, corner: Matrix): Information;
  dispose(): void;
}

/**
 * Hands an information matrix to a solver, on the host in float64.
 *
 * @param b - symmetric, [N, N]; given away: a solver that asks for its entries may overwrite it
 * @throws {NumericalError} if B is not positive definite even with jitter, which only a kernel that is not one can cause
 * @throws {UnsupportedError} if the solver's state has no factor
 *
 * Cost: the solver's init.
 */
export async function factorInformation(b: Matrix, solver: InformationSolver): Promise<Information> {
  // Only the factor is used once `init` is done, so the operator need not live as long as the state.
  using stored = matrixOperator(b, { backend: cpuBackend(), tags: ['positive-definite'] });
  // A solver that asks for all entries has no use for the operator afterwards: it gets b itself, not a copy of it.
  const operator = { ...stored, toMatrix: () => Promise.resolve(b) };
  const state = await solver.init(operator);
  try {
    factorOf(state);
    return informationOf({
      factor: () => factorOf(state),
      whiten: async (x) => (await state.solveFactor?.(x)) ?? solveLower(factorOf(state), x),
      finish: async (x) => (await state.solveFactorTransposed?.(x)) ?? solveLowerTransposed(factorOf(state), x),
      inverseRoot: async () => (await state.inverseFactor?.()) ?? invertLower(factorOf(state)),
      jitter: state.jitter ?? 0,
      logDeterminant: await state.logDeterminant(),
      dispose: () => state.dispose(),
    });
  } catch (error) {
    state.dispose();
    throw error;
  }
}

interface Factored extends Pick<Information, 'whiten' | 'finish' | 'inverseRoot'> {
  readonly factor: () => Matrix;
  readonly jitter: number;
  readonly logDeterminant: number;
  readonly dispose: () => void;
}

function informationOf(factored: Factored): Information {
  const { factor, whiten, finish, inverseRoot, jitter, logDeterminant, dispose } = factored;
  return {
    jitter,
    logDeterminant,
    whiten,
    finish,
    inverseRoot,
    append: (below, corner) => {
      const padded = copyMatrix(corner);
      for (let i = 0; i < padded.rows; i++) padded.data[i * padded.rows + i]! += jitter;
      const extended = choleskyAppend(factor(), below, padded);
      return informationOf({
        factor: () => extended,
        whiten: async (x) => solveLower(extended, x),
        finish: async (x) => solveLowerTransposed(extended, x),
        inverseRoot: async () => invertLower(extended),
        jitter,
        logDeterminant: choleskyLogDeterminant(extended),
        dispose: () => undefined,
      });
    },
    dispose,
  };
}

function factorOf(state: InformationState): Matrix {
  if (state.factor !== undefined) return state.factor();
  throw new UnsupportedError(
    'posterior: got a solver whose state has no factor(), expected one for variances and leave-one-out; use choleskySolver()',
  );
}

/** Products of all pairs of rows, X Xᵀ, [k, k]. */
export function gramOfRows(x: Matrix): Matrix {
  return gemm(x, x, { transposeB: true });
}
