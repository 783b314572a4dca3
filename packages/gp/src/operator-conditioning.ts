import { type LinearOperator, type Matrix, gemm, matrix } from '@ntk/linop';
import { OptionError, ShapeError, UnsupportedError } from '@ntk/tensor';
import type { WeightConditioning, WhitenedSolution } from './conditioning.ts';
import { type Features, whitenedFeatures } from './feature-operator.ts';
import { applyOperator } from './operator-product.ts';
import {
  type SolvedSpace,
  functionSpace,
  gramFromWeights,
  leastSquaresSpace,
  parameterSpace,
} from './operator-space.ts';
import type { OperatorSolver, SolveRules } from './operator-system.ts';
import type { PrecisionRoot } from './precision-root.ts';
import { priorScales, scaleColumns } from './prior-scale.ts';
import { type TestJacobian, jacobianRows, jacobianTimes, testRows } from './test-jacobian.ts';
import { type VarianceRoot, varianceRoot, variancesOf } from './variance-root.ts';

/** Test rows by their Jacobian, on the host or as an operator. */
export interface OperatorQuery {
  /** J(X*), [M, p]. */
  readonly jTest: TestJacobian;
  /** Prior mean m(X*) [M] where the mean is `fixed`; zero by default. Ignored where it is `constant`: that is learned. */
  readonly priorMean?: Float64Array;
}

/** A Jacobian known by its products and the precision of its rows. */
export interface OperatorProblem {
  /** J(X), [N, p]; its rounding is the accuracy of the variance bound, so float64 where that must hold to float64. */
  readonly jTrain: LinearOperator;
  /** The same J for products inside the solver: on a faster backend, or in float32. `jTrain` by default. */
  readonly jSolve?: LinearOperator;
  /** s² for all parameters, or one prior variance a parameter [p]; 0 freezes a parameter. 1 by default. */
  readonly priorVariance?: number | Float64Array;
  readonly precisionRoot: PrecisionRoot;
}

/** Quantities that products alone don't give; estimates of them, such as by stochastic Lanczos quadrature or XDiag, may stand in. */
export interface OperatorEstimates {
  /** log|B|, B = I + LᵀKL. */
  readonly logDeterminant?: number;
  /** tr B⁻¹. */
  readonly traceInverse?: number;
  /** The diagonal of B⁻¹, [N]. */
  readonly inverseDiagonal?: Float64Array;
}

/** Settings of a conditioning by products. */
export interface OperatorOptions extends SolveRules {
  /**
   * `function` solves with B = I + LᵀKL, [N, N] (the default); `parameter` with H = I + FᵀF, [p, p]. `least-squares` hands F, [N, p], and Fᵀ to a solver
   * that minimises ‖b − A x‖² + ‖x‖².
   */
  readonly space?: 'function' | 'parameter' | 'least-squares';
  readonly estimates?: OperatorEstimates;
  /**
   * `unknowns` of a posterior with the same prior, prior mean and noise, whose rows are the first of this one's: conjugate gradients start from
   * them, and need fewer steps the better these rows foresee the others. Borrowed.
   */
  readonly start?: Matrix;
  /** Test rows that are worked on at once; 64 by default. Memory is 2·blockRows·p numbers. */
  readonly blockRows?: number;
}

/**
 * Conditions by products with J and Jᵀ and any solver, exact or not.
 *
 * Means come from weights w = S Jᵀ A⁻¹ r, which the solver must find to its tolerance. Variances and covariances are conservative: at least the
 * exact ones in every direction, by the square of the solver's error, converged or not. `logDeterminant`, `traceInverse` and
 * `inverseBlocks` need estimates (or a solver that knows the determinant); without, and always `root`, they throw UnsupportedError.
 *
 * @param problem - operators are borrowed for the life of the conditioning
 * @param solver - of positive definite systems
 * @returns the conditioning; the caller disposes it
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if an option or a prior variance makes no sense
 *
 * Cost: the solver's init. A variance: one solve, one row of J*, and one product each with J and Jᵀ. A covariance of M rows: as M
 * variances, and M²/(2·blockRows) more rows of J* and products with Jᵀ.
 */
export async function conditionOperator(
  problem: OperatorProblem,
  solver: OperatorSolver,
  options: OperatorOptions = {},
): Promise<OperatorConditioning> {
  const { jTrain, jSolve, priorVariance = 1, precisionRoot } = problem;
  const { space = 'function', blockRows = 64, estimates = {} } = options;
  if (!(Number.isInteger(blockRows) && blockRows > 0))
    throw new OptionError(`conditionOperator: got blockRows ${blockRows}, expected a positive integer`);
  const priorScale = priorScales(priorVariance, jTrain.shape[1]);
  const solveFeatures = whitenedFeatures(checkedSolve(jTrain, jSolve), priorScale, precisionRoot);
  const features = jSolve === undefined ? solveFeatures : whitenedFeatures(jTrain, priorScale, precisionRoot);
  const owned = new Set([features, solveFeatures]);
  let solved: SolvedSpace | undefined;
  try {
    solved = await SPACES[space]({ features, solveFeatures }, { ...options, solver });
    const logDeterminant = estimates.logDeterminant ?? (await solved.states[0]?.logDeterminant?.());
    return new OperatorConditioning({
      precisionRoot,
      priorScale,
      features,
      owned,
      blockRows,
      space: solved,
      estimates: { ...estimates, ...(logDeterminant !== undefined && { logDeterminant }) },
    });
  } catch (error) {
    solved?.dispose();
    for (const each of owned) each.dispose();
    throw error;
  }
}

const SPACES = { function: functionSpace, parameter: parameterSpace, 'least-squares': leastSquaresSpace } as const;

interface State {
  readonly precisionRoot: PrecisionRoot;
  /** S^{1/2}, [p]. */
  readonly priorScale: Float64Array;
  readonly features: Features;
  readonly space: SolvedSpace;
  readonly owned: ReadonlySet<Features>;
  readonly estimates: OperatorEstimates;
  readonly blockRows: number;
}

/** A conditioning whose `coefficients` are weights, [k, p], and whose variances err upwards only. */
export class OperatorConditioning implements WeightConditioning<OperatorQuery> {
  readonly rows: number;
  readonly precisionRoot: PrecisionRoot;
  readonly #state: State;

  /** Use `conditionOperator`. */
  constructor(state: State) {
    this.#state = state;
    this.precisionRoot = state.precisionRoot;
    this.rows = state.precisionRoot.rows;
  }

  get priorScale(): Float64Array {
    return this.#state.priorScale;
  }

  get jitter(): number {
    return Math.max(...this.#state.space.states.map(({ jitter }) => jitter ?? 0));
  }

  get logDeterminant(): number {
    return this.#state.estimates.logDeterminant ?? unsupported('logDeterminant', 'the log-determinant');
  }

  async solve(whitened: Matrix, start?: Matrix): Promise<WhitenedSolution> {
    const { space, features, priorScale } = this.#state;
    const { rows, weights, unknowns } = await space.solveRows(whitened, start);
    const gram = await gramFromWeights(features, whitened, weights);
    const coefficients = scaleColumns(weights, priorScale);
    return { value: rows, coefficients, gram, ...(unknowns === undefined ? {} : { unknowns }) };
  }

  async whitenedPredictions(xi: Matrix): Promise<Matrix> {
    return applyOperator(this.#state.features.forward, xi);
  }

  async traceInverse(): Promise<number> {
    const { traceInverse, inverseDiagonal } = this.#state.estimates;
    if (traceInverse !== undefined) return traceInverse;
    if (inverseDiagonal !== undefined) return inverseDiagonal.reduce((sum, value) => sum + value, 0);
    return unsupported('traceInverse', 'the trace of the inverse');
  }

  async inverseBlocks(size: number): Promise<Float64Array> {
    const { inverseDiagonal } = this.#state.estimates;
    if (size !== 1) throw new UnsupportedError(`operator posterior: got blocks of ${size} rows, expected single rows`);
    if (inverseDiagonal === undefined) return unsupported('inverseDiagonal', 'the diagonal of the inverse');
    if (inverseDiagonal.length === this.rows) return inverseDiagonal.slice();
    throw new ShapeError(
      `estimates.inverseDiagonal: got ${inverseDiagonal.length} entries, expected ${this.rows}, one a row`,
    );
  }

  root(): Promise<Matrix> {
    return Promise.reject(
      new UnsupportedError(
        'operator posterior: got a request for the exact root, which products do not give; use conditionKernel or conditionJacobian',
      ),
    );
  }

  async predict({ jTest }: OperatorQuery, coefficients: Matrix): Promise<Matrix> {
    testRows(jTest, this.#state.priorScale.length);
    return jacobianTimes(jTest, coefficients);
  }

  async variance({ jTest }: OperatorQuery): Promise<Float64Array> {
    const variance = new Float64Array(testRows(jTest, this.#state.priorScale.length));
    for (const [from, to] of this.#blocks(variance.length)) {
      variance.set(variancesOf(await this.#solvedRoot(jTest, from, to)), from);
    }
    return variance;
  }

  async covariance({ jTest }: OperatorQuery): Promise<Matrix> {
    const m = testRows(jTest, this.#state.priorScale.length);
    const covariance = matrix(m, m);
    const solutions: Matrix[] = [];
    for (const [from, to] of this.#blocks(m)) {
      const root = await this.#solvedRoot(jTest, from, to);
      solutions.push(root.rows);
      writeBlock(covariance, innerProducts(root, root), from, from);
      for (const [index, [start, end]] of this.#blocks(from).entries()) {
        // Recomputed, since all rows of U at once are M·p numbers.
        const other = await this.#rootOf(jTest, [start, end], solutions[index]!);
        writeBlock(covariance, innerProducts(root, other), from, start);
      }
    }
    return covariance;
  }

  dispose(): void {
    this.#state.space.dispose();
    for (const features of this.#state.owned) features.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #solvedRoot(jTest: TestJacobian, from: number, to: number): Promise<VarianceRoot> {
    const testFeatures = await this.#testFeatures(jTest, from, to);
    return varianceRoot(this.#state.features.transpose, testFeatures, await this.#state.space.solveTest(testFeatures));
  }

  async #rootOf(jTest: TestJacobian, [from, to]: readonly [number, number], solution: Matrix): Promise<VarianceRoot> {
    return varianceRoot(this.#state.features.transpose, await this.#testFeatures(jTest, from, to), solution);
  }

  // S^{1/2}j* of some test rows.
  async #testFeatures(jTest: TestJacobian, from: number, to: number): Promise<Matrix> {
    return scaleColumns(await jacobianRows(jTest, from, to), this.#state.priorScale);
  }

  #blocks(rows: number): [number, number][] {
    const { blockRows } = this.#state;
    return Array.from({ length: Math.ceil(rows / blockRows) }, (_, i) => [
      i * blockRows,
      Math.min(rows, (i + 1) * blockRows),
    ]);
  }
}

function checkedSolve(jTrain: LinearOperator, jSolve: LinearOperator = jTrain): LinearOperator {
  if (jSolve.shape[0] === jTrain.shape[0] && jSolve.shape[1] === jTrain.shape[1]) return jSolve;
  throw new ShapeError(`jSolve: got ${jSolve.shape.join(' × ')}, expected ${jTrain.shape.join(' × ')} as jTrain`);
}

// Uᵢ Uⱼᵀ + Xᵢ Xⱼᵀ
function innerProducts(a: VarianceRoot, b: VarianceRoot): Matrix {
  const products = gemm(a.weights, b.weights, { transposeB: true });
  return gemm(a.rows, b.rows, { transposeB: true, addTo: products });
}

// A block and its mirror image.
function writeBlock(target: Matrix, block: Matrix, row: number, column: number): void {
  for (let i = 0; i < block.rows; i++) {
    for (let j = 0; j < block.columns; j++) {
      const value = block.data[i * block.columns + j]!;
      target.data[(row + i) * target.columns + column + j] = value;
      target.data[(column + j) * target.columns + row + i] = value;
    }
  }
}

function unsupported(option: string, what: string): never {
  throw new UnsupportedError(
    `operator posterior: got no estimate of ${what}, which products alone do not give; pass estimates.${option}, ` +
      'or use functionSpacePosterior or parameterSpacePosterior',
  );
}
