import {
  type ComputeOptions,
  type LinearOperator,
  type LinearSolver,
  type Placement,
  type Solution,
  type SolveStats,
  type SolveStatus,
  type SolverState,
  checkVectors,
  requireTag,
} from '@ntk/linop';
import { type Backend, type DType, OptionError, ShapeError, type Tensor, asDType, unitRoundoff } from '@ntk/tensor';
import type { Preconditioner, Preconditioning } from '../preconditioners/preconditioner.ts';
import { backendSpace } from '../vectors/backend-space.ts';
import { hostPlacement, hostSpace } from '../vectors/host-space.ts';
import type { VectorSpace } from '../vectors/vector-space.ts';
import { worstColumn } from './column.ts';
import {
  type CgBlock,
  type CgOperators,
  type CgProgress,
  type CgRules,
  ConjugateGradients,
} from './conjugate-gradients.ts';
import { type SetupFailure, setUp } from './setup.ts';
import { readBlock, scaledBlock } from './scaled-block.ts';

/** Settings of conjugate gradients. */
export interface CgOptions {
  /** ‖b − A x‖ ≤ rtol · ‖b‖ counts as converged; by default the cube root of the unit roundoff of b: 4.8e-6 or 3.9e-3. */
  readonly rtol?: number;
  /** ‖b − A x‖ ≤ atol counts as converged too, in the units of b; 0 by default. */
  readonly atol?: number;
  /** Most products with directions; 10·n by default, at least 100 and at most 10,000. */
  readonly maxSteps?: number;
  /** None by default. */
  readonly preconditioner?: Preconditioner;
  /**
   * An operator equal to A up to rounding, for the products with directions: A in float32, say, while A itself is float64 and judges the
   * residuals, which makes the method iterative refinement. A itself by default. Borrowed.
   */
  readonly products?: LinearOperator;
  /**
   * Keeps each residual orthogonal to all before it: n steps are then enough for any condition, at the cost of one vector of memory and
   * 4·n·k operations for each step before. It pays where products are expensive. false by default.
   */
  readonly reorthogonalize?: boolean;
  /** Keeps the vectors on a backend instead of in float64 on the host. */
  readonly backend?: Backend;
  /** The dtype of the vectors on that backend; float64 by default, float32 only where it is named. */
  readonly dtype?: DType;
  /** Called, and awaited, after each step. */
  readonly onStep?: (progress: CgProgress) => void | Promise<void>;
}

/** An operator and its preconditioner. */
export interface CgState extends SolverState {
  readonly operator: LinearOperator;
  /** M, where a preconditioner was asked for and could be made. */
  readonly preconditioning: Preconditioning | undefined;
  /** Why nothing can be solved: what the preconditioner found out about the operator. */
  readonly failure: SetupFailure | undefined;
}

/** What an iterative solve took and reached. */
export interface CgStats extends SolveStats {
  /** Status and steps of each right-hand side, [k]. */
  readonly columns: readonly { readonly status: SolveStatus; readonly steps: number }[];
  /** Products with blocks of vectors, those for true residuals included. */
  readonly products: number;
}

/** The result of conjugate gradients. Its status is the worst of its columns. */
export interface CgSolution extends Solution {
  readonly stats: CgStats;
}

/** Conjugate gradients as a LinearSolver; it makes use of a `start`. */
export interface CgSolver extends LinearSolver<CgState> {
  compute(state: CgState, b: Tensor, options?: ComputeOptions): Promise<CgSolution>;
}

/**
 * Solves positive definite systems by preconditioned conjugate gradients, a block of right-hand sides at once.
 *
 * Products are in the dtype of A; recurrences and dot products are float64 on the host, unless `backend` says otherwise. Each right-hand side
 * stops by itself. `converged` means that the residual recomputed from x by a product with A is within the tolerance. The operator
 * needs the tag `positive-definite`; if it is found not to be so, the status is `breakdown`.
 *
 * @throws {OptionError | UnsupportedError} if an option makes no sense
 *
 * Cost: one product of a block a step, two or three more for true residuals; 5·k·n numbers of memory. Source: Hestenes & Stiefel (1952).
 */
export function cg(options: CgOptions = {}): CgSolver {
  checkOptions(options, 'cg');
  const { backend, dtype = 'float64', preconditioner } = options;
  const placement = backend === undefined ? undefined : { backend, dtype };
  if (placement !== undefined) backendSpace(placement).dispose();
  return {
    init: (A) => initialise(A, options, preconditioner, placement),
    compute: (state, b, { start } = {}) => compute(state, { b, start }, options, placement),
  };
}

async function initialise(
  A: LinearOperator,
  { products }: CgOptions,
  preconditioner: Preconditioner | undefined,
  placement: Required<Placement> | undefined,
): Promise<CgState> {
  requireTag(A, 'positive-definite', 'cg');
  for (const [rows, columns] of [A.shape, products?.shape ?? A.shape]) {
    if (rows !== A.shape[0] || columns !== A.shape[0]) {
      throw new ShapeError(
        `cg: got an operator of ${rows} × ${columns}, expected a square one, and options.products of the same size`,
      );
    }
  }
  const { preconditioning, failure } = await setUp(A, preconditioner, placement ?? hostPlacement());
  const dispose = (): void => preconditioning?.dispose();
  return { operator: A, preconditioning, failure, dispose, [Symbol.dispose]: dispose };
}

async function compute(
  state: CgState,
  { b, start }: { readonly b: Tensor; readonly start: Tensor | undefined },
  options: CgOptions,
  placement: Required<Placement> | undefined,
): Promise<CgSolution> {
  const { operator: A, preconditioning, failure } = state;
  const k = checkVectors(A, b, A.shape[0], 'cg.compute');
  if (start !== undefined) checkStart(A, start, k);
  const { rtol = Math.cbrt(unitRoundoff(b.dtype)), atol = 0, maxSteps = defaultSteps(A.shape[0]), onStep } = options;
  const { reorthogonalize = false } = options;
  const guess = start === undefined ? undefined : await readBlock(start);
  const block = scaledBlock(await readBlock(b), guess, { rtol, atol, failure });
  const operators = { A, products: options.products ?? A, inverse: preconditioning?.inverse };
  const rules = { maxSteps, reorthogonalize, onStep };
  const outcome =
    placement === undefined
      ? await iterate(hostSpace(), operators, block, rules)
      : await iterate(backendSpace(placement), operators, block, rules);
  const { value, steps, products } = outcome;
  const worst = worstColumn(block.columns);
  return {
    value: A.backend.upload(asDType(value.data, b.dtype), [value.rows, value.columns]),
    status: worst?.status ?? 'converged',
    stats: {
      steps,
      products,
      residual: block.columns.map(({ residual, norm }) => (residual === 0 ? 0 : residual / norm)),
      columns: block.columns.map(({ status, steps: own }) => ({ status, steps: own })),
    },
    ...(worst?.message === undefined ? {} : { message: `right-hand side ${worst.index}: ${worst.message}` }),
  };
}

function checkStart(A: LinearOperator, start: Tensor, k: number): void {
  const guesses = checkVectors(A, start, A.shape[1], 'cg.compute, options.start');
  if (guesses === k) return;
  throw new ShapeError(`cg.compute: got a start of ${guesses} rows, expected ${k}, one for each right-hand side`);
}

async function iterate<V>(space: VectorSpace<V>, operators: CgOperators, block: CgBlock, rules: CgRules) {
  try {
    return await new ConjugateGradients(space, operators, block, rules).run();
  } finally {
    space.dispose();
  }
}

/** The step limit for n unknowns where none is given. */
export function defaultSteps(n: number): number {
  return Math.min(10_000, Math.max(100, 10 * n));
}

/** Checks the options that all variants share. @throws {OptionError} if one makes no sense */
export function checkOptions({ rtol = 1, atol = 0, maxSteps = 1, backend, dtype }: CgOptions, caller: string): void {
  if (!(rtol > 0)) throw new OptionError(`${caller}: got rtol ${rtol}, expected a positive number`);
  if (!(atol >= 0)) throw new OptionError(`${caller}: got atol ${atol}, expected a number ≥ 0, in the units of b`);
  if (!Number.isInteger(maxSteps) || maxSteps < 1) {
    throw new OptionError(`${caller}: got maxSteps ${maxSteps}, expected a positive integer`);
  }
  if (dtype !== undefined && backend === undefined) {
    throw new OptionError(
      `${caller}: got dtype ${dtype} without a backend, expected both; vectors on the host are always float64`,
    );
  }
}
