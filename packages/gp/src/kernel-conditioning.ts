import { type Matrix, choleskySolver, copyMatrix, gemm, matrix } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { checkMatrix, checkVariance, checkVector } from './checks.ts';
import type { Conditioning, WhitenedSolution } from './conditioning.ts';
import { type Information, type InformationSolver, factorInformation, gramOfRows } from './information.ts';
import {
  type PrecisionRoot,
  joinPrecisionRoots,
  rootTransposedTimes,
  timesRoot,
  timesRootTransposed,
} from './precision-root.ts';
import { rowOf } from './rows.ts';
import { sumOfSquares } from './vector.ts';

/** Test rows as the kernel sees them; without the prior variance, as `kTrainTrain`. */
export interface KernelQuery {
  /** K(X*, X), [M, N]. */
  readonly kTestTrain: Matrix;
  /** K(X*, X*), [M, M]; needed for covariances. */
  readonly kTestTest?: Matrix;
  /** Diagonal of K(X*, X*), [M]; enough for variances. */
  readonly kTestDiagonal?: Float64Array;
  /** Prior mean m(X*) [M] where the mean is `fixed`; zero by default. Ignored where it is `constant`: that is learned. */
  readonly priorMean?: Float64Array;
}

/** A kernel matrix and the precision of its rows. */
export interface KernelProblem {
  /** K(X, X) = J Jᵀ (or J S Jᵀ), symmetric positive semidefinite, [N, N]; only its lower triangle is read. */
  readonly kTrainTrain: Matrix;
  /** s², multiplies every kernel block; 1 by default. */
  readonly priorVariance?: number;
  readonly precisionRoot: PrecisionRoot;
  /** Overwrite `kTrainTrain`, both of whose triangles must be there, instead of copying it: it is the posterior's then, and of no use to the caller, also if this throws. */
  readonly inPlace?: boolean;
}

/** Rows to add to a kernel. */
export interface AppendedRows {
  /** K(X', X) between the new rows and all that are there, without prior variance, [k, N]. */
  readonly kNewTrain: Matrix;
  /** K(X', X'), [k, k]. */
  readonly kNewNew: Matrix;
  /** Of the new rows; blocks of the same size as those there. */
  readonly precisionRoot: PrecisionRoot;
}

/** A conditioning in function space, to which rows can be added. */
export interface KernelConditioning extends Conditioning<KernelQuery> {
  /**
   * The conditioning on the old rows and new ones, by a block update of the factor: equal to a new one to rounding.
   *
   * @param rows - borrowed, not kept
   * @returns a conditioning that is independent of this one; the caller disposes it
   * @throws {ShapeError} if sizes do not fit
   * @throws {NumericalError} if a number is not finite, or the new rows depend on the others to rounding
   *
   * Cost: k·N²/2 multiply-adds, against N³/6 for a new factor.
   */
  append(rows: AppendedRows): Promise<KernelConditioning>;
}

// Below this share of the prior variance, k** − ‖R⁻¹Lᵀk*‖² has lost digits that the sum of squares keeps.
const CANCELLED = 1e-4;

/**
 * Conditions in function space: B = I + Lᵀ K L is [N, N].
 *
 * Variances are k** − ‖R⁻¹ Lᵀ k*‖² (B = R Rᵀ), never above k**. Where that cancels, the bound ‖B⁻¹ Lᵀ k*‖² ≤ variance takes over as soon
 * as it is the larger: it is the part of the variance that the noise causes, and nearly all of it where data determine the function.
 *
 * @param problem - borrowed, not kept; its kernel is overwritten if `inPlace`
 * @param solver - of B; a Cholesky factor by default
 * @returns the conditioning; the caller disposes it
 * @throws {ShapeError} if the kernel is not [N, N] for the N rows of the precision
 * @throws {NumericalError} if the kernel has entries that are not finite, or is so far from positive semidefinite that jitter does not help
 *
 * Cost: N³/6 multiply-adds; a variance N²/2, a covariance of M rows M·N²/2 + M²·N/2.
 * Source: Rasmussen & Williams (2006), equations 2.25 and 2.26, algorithms 2.1 and 3.2; the bound is mathematics.md's
 * v = uᵀSu + xᵀΣx without its first term.
 */
export async function conditionKernel(
  problem: KernelProblem,
  solver: InformationSolver = choleskySolver(),
): Promise<KernelConditioning> {
  const { kTrainTrain, priorVariance = 1, precisionRoot, inPlace = false } = problem;
  checkMatrix(kTrainTrain, precisionRoot.rows, precisionRoot.rows, 'kTrainTrain');
  checkVariance(priorVariance, 'priorVariance');
  const whitened = inPlace ? kTrainTrain : matrix(kTrainTrain.rows, kTrainTrain.columns);
  whitenKernel({ from: kTrainTrain, to: whitened }, priorVariance, precisionRoot);
  const information = await factorInformation(whitened, solver);
  return new FactoredKernel(priorVariance, precisionRoot, information);
}

class FactoredKernel implements KernelConditioning {
  readonly rows: number;
  readonly precisionRoot: PrecisionRoot;
  readonly #priorVariance: number;
  readonly #information: Information;
  #inverseRoot: Promise<Matrix> | undefined;

  constructor(priorVariance: number, precisionRoot: PrecisionRoot, information: Information) {
    this.rows = precisionRoot.rows;
    this.precisionRoot = precisionRoot;
    this.#priorVariance = priorVariance;
    this.#information = information;
  }

  get jitter(): number {
    return this.#information.jitter;
  }

  get logDeterminant(): number {
    return this.#information.logDeterminant;
  }

  async solve(whitened: Matrix): Promise<WhitenedSolution> {
    const half = await this.#information.whiten(whitened); // [k, N]
    const value = await this.#information.finish(half);
    return { value, coefficients: timesRootTransposed(value, this.precisionRoot), gram: gramOfRows(half) };
  }

  async traceInverse(): Promise<number> {
    return sumOfSquares((await this.#root()).data);
  }

  async inverseBlocks(size: number): Promise<Float64Array> {
    return blocksOfGram(await this.#root(), size);
  }

  async root(): Promise<Matrix> {
    return timesRootTransposed(await this.#root(), this.precisionRoot);
  }

  async predict(query: KernelQuery, coefficients: Matrix): Promise<Matrix> {
    this.#checkCross(query);
    return gemm(coefficients, query.kTestTrain, { transposeB: true, alpha: this.#priorVariance });
  }

  async variance(query: KernelQuery): Promise<Float64Array> {
    this.#checkCross(query);
    const half = await this.#whitenedCross(query);
    return this.#varianceFrom(query, half);
  }

  async covariance(query: KernelQuery): Promise<Matrix> {
    this.#checkCross(query);
    const m = query.kTestTrain.rows;
    const { kTestTest } = query;
    if (kTestTest === undefined) {
      throw new OptionError(
        'covariance: got a query without kTestTest, expected the kernel between the test rows; pass it',
      );
    }
    checkMatrix(kTestTest, m, m, 'kTestTest');
    const half = await this.#whitenedCross(query);
    const covariance = scaled(kTestTest, this.#priorVariance);
    gemm(half, half, { transposeB: true, alpha: -1, addTo: covariance });
    const variance = await this.#varianceFrom(query, half);
    for (let i = 0; i < m; i++) covariance.data[i * m + i] = variance[i]!;
    return covariance;
  }

  async append({ kNewTrain, kNewNew, precisionRoot }: AppendedRows): Promise<KernelConditioning> {
    const root = joinPrecisionRoots(this.precisionRoot, precisionRoot);
    checkMatrix(kNewTrain, precisionRoot.rows, this.rows, 'kNewTrain');
    checkMatrix(kNewNew, precisionRoot.rows, precisionRoot.rows, 'kNewNew');
    const right = timesRoot(kNewTrain, this.precisionRoot, this.#priorVariance); // s²K L, [k, N]
    const below = rootTransposedTimes(precisionRoot, right);
    const corner = matrix(kNewNew.rows, kNewNew.columns);
    whitenKernel({ from: kNewNew, to: corner }, this.#priorVariance, precisionRoot);
    return new FactoredKernel(this.#priorVariance, root, this.#information.append(below, corner));
  }

  dispose(): void {
    this.#inverseRoot = undefined;
    this.#information.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #root(): Promise<Matrix> {
    this.#inverseRoot ??= this.#information.inverseRoot();
    return this.#inverseRoot;
  }

  #checkCross({ kTestTrain }: KernelQuery): void {
    checkMatrix(kTestTrain, kTestTrain.rows, this.rows, 'kTestTrain');
  }

  // R⁻¹ Lᵀ k* for each test row, [M, N].
  #whitenedCross({ kTestTrain }: KernelQuery): Promise<Matrix> {
    return this.#information.whiten(timesRoot(kTestTrain, this.precisionRoot, this.#priorVariance));
  }

  async #varianceFrom(query: KernelQuery, half: Matrix): Promise<Float64Array> {
    const prior = priorVariances(query, this.#priorVariance);
    const variance = prior.map((value, i) => value - sumOfSquares(rowOf(half, i)));
    const cancelled = [...variance.keys()].filter((i) => !(variance[i]! > CANCELLED * prior[i]!));
    const rows = matrix(cancelled.length, this.rows);
    cancelled.forEach((row, i) => rowOf(rows, i).set(rowOf(half, row)));
    const bounds = await this.#information.finish(rows);
    cancelled.forEach((row, i) => {
      variance[row] = Math.min(prior[row]!, Math.max(variance[row]!, sumOfSquares(rowOf(bounds, i))));
    });
    return variance;
  }
}

function priorVariances({ kTestTrain, kTestTest, kTestDiagonal }: KernelQuery, priorVariance: number): Float64Array {
  const m = kTestTrain.rows;
  if (kTestDiagonal !== undefined) {
    checkVector(kTestDiagonal, m, 'kTestDiagonal');
    return kTestDiagonal.map((value) => priorVariance * value);
  }
  if (kTestTest === undefined) {
    throw new OptionError(
      'variance: got a query without kTestDiagonal or kTestTest, expected one of them; pass the prior variances',
    );
  }
  checkMatrix(kTestTest, m, m, 'kTestTest');
  return Float64Array.from({ length: m }, (_, i) => priorVariance * kTestTest.data[i * m + i]!);
}

/** Where a kernel is, and where I + s² Lᵀ K L goes: the same place or another. */
interface Whitening {
  readonly from: Matrix;
  readonly to: Matrix;
}

function whitenKernel({ from, to }: Whitening, priorVariance: number, root: PrecisionRoot): void {
  const n = from.rows;
  if (root.size > 1) to.data.set(rootTransposedTimes(root, timesRoot(from, root, priorVariance)).data);
  else scaleByDiagonal({ from, to }, priorVariance, root.blocks);
  for (let i = 0; i < n; i++) to.data[i * n + i]! += 1;
}

function scaleByDiagonal({ from, to }: Whitening, factor: number, diagonal: Float64Array): void {
  const n = from.rows;
  const [source, target] = [from.data, to.data];
  for (let i = 0, at = 0; i < n; i++) {
    const left = factor * diagonal[i]!;
    for (let j = 0; j < n; j++, at++) target[at] = left * source[at]! * diagonal[j]!;
  }
}

function scaled(a: Matrix, factor: number): Matrix {
  const copy = copyMatrix(a);
  if (factor !== 1) for (let i = 0; i < copy.data.length; i++) copy.data[i]! *= factor;
  return copy;
}

// Diagonal blocks of WᵀW for a lower triangular W.
function blocksOfGram(w: Matrix, size: number): Float64Array {
  const n = w.columns;
  const blocks = new Float64Array(n * size);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i <= row; i++) {
      const first = i - (i % size);
      const entry = w.data[row * n + i]!;
      for (let j = first; j < Math.min(first + size, row + 1); j++)
        blocks[i * size + (j - first)]! += entry * w.data[row * n + j]!;
    }
  }
  return blocks;
}
