import { type Matrix, choleskySolver, gemm, matrix, syrk } from '@ntk/linop';
import { checkMatrix } from './checks.ts';
import type { WeightConditioning, WhitenedSolution } from './conditioning.ts';
import { type Information, type InformationSolver, factorInformation, gramOfRows } from './information.ts';
import { type PrecisionRoot, rootTransposedTimes } from './precision-root.ts';
import { priorScales, scaleColumns } from './prior-scale.ts';
import { rowOf, sliceRows } from './rows.ts';
import { sumOfSquares } from './vector.ts';

/** Test rows by their features. */
export interface JacobianQuery {
  /** J(X*), [M, p]. */
  readonly jTest: Matrix;
  /** Prior mean m(X*) [M] where the mean is `fixed`; zero by default. Ignored where it is `constant`: that is learned. */
  readonly priorMean?: Float64Array;
}

/** A Jacobian and the precision of its rows. */
export interface JacobianProblem {
  /** J(X), [N, p]. */
  readonly jTrain: Matrix;
  /** s² for all parameters, or one prior variance a parameter [p]; 0 freezes a parameter. 1 by default. */
  readonly priorVariance?: number | Float64Array;
  readonly precisionRoot: PrecisionRoot;
}

// A row whose leverage exceeds this has lost digits in 1 − leverage; there are at most 2p such rows.
const LEVERAGE = 0.5;

/**
 * Conditions in parameter space: H = I + F ᵀF with the whitened features F = Lᵀ J S^{1/2}, [N, p]; H is [p, p].
 *
 * S^{1/2} instead of S⁻¹ lets a prior variance be 0. Variances are ‖R⁻¹ S^{1/2} j*‖² (H = R Rᵀ), sums of squares that cannot exceed the
 * prior's. Solves are refined once against F itself, since FᵀF has squared its condition number.
 *
 * @param problem - borrowed, not kept
 * @param solver - of H; a Cholesky factor by default
 * @returns the conditioning; the caller disposes it
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a prior variance is negative
 * @throws {NumericalError} if the Jacobian has entries that are not finite
 *
 * Cost: N·p²/2 + p³/6 multiply-adds; a variance p²/2. Meant for p below N; above, function space is cheaper and equal.
 * Source: Rasmussen & Williams (2006), equations 2.11 and 2.12, with noise and prior symmetrically whitened.
 */
export async function conditionJacobian(
  problem: JacobianProblem,
  solver: InformationSolver = choleskySolver(),
): Promise<WeightConditioning<JacobianQuery>> {
  const { jTrain, priorVariance = 1, precisionRoot } = problem;
  const p = jTrain.columns;
  checkMatrix(jTrain, precisionRoot.rows, p, 'jTrain');
  const priorScale = priorScales(priorVariance, p);
  const features = scaleColumns(rootTransposedTimes(precisionRoot, jTrain), priorScale);
  const h = syrk(features, { transposeA: true });
  for (let i = 0; i < p; i++) h.data[i * p + i]! += 1;
  const information = await factorInformation(h, solver);
  return new JacobianConditioning({ priorScale, precisionRoot, features, information });
}

interface State {
  /** S^{1/2}, [p]. */
  readonly priorScale: Float64Array;
  readonly precisionRoot: PrecisionRoot;
  /** F, [N, p]. */
  readonly features: Matrix;
  readonly information: Information;
}

class JacobianConditioning implements WeightConditioning<JacobianQuery> {
  readonly rows: number;
  readonly precisionRoot: PrecisionRoot;
  readonly #state: State;
  #whitenedFeatures: Promise<Matrix> | undefined;

  constructor(state: State) {
    this.#state = state;
    this.rows = state.features.rows;
    this.precisionRoot = state.precisionRoot;
  }

  get priorScale(): Float64Array {
    return this.#state.priorScale;
  }

  get jitter(): number {
    return this.#state.information.jitter;
  }

  /** |I + FFᵀ| = |I + FᵀF|: the determinant lemma. */
  get logDeterminant(): number {
    return this.#state.information.logDeterminant;
  }

  /** B⁻¹ b = b − F ω with ω = H⁻¹Fᵀb, and bᵀB⁻¹b = ‖b − Fω‖² + ‖ω‖². */
  async solve(whitened: Matrix): Promise<WhitenedSolution> {
    const { features, priorScale } = this.#state;
    const omega = await this.#inverse(gemm(whitened, features)); // [k, p]
    const correction = gemm(this.#residual(whitened, omega), features); // Fᵀ(b − Fω) − ω, the gradient left over
    for (let i = 0; i < omega.data.length; i++) correction.data[i]! -= omega.data[i]!;
    const refinement = await this.#inverse(correction);
    for (let i = 0; i < omega.data.length; i++) omega.data[i]! += refinement.data[i]!;
    const value = this.#residual(whitened, omega);
    const gram = gemm(omega, omega, { transposeB: true, addTo: gramOfRows(value) });
    return { value, coefficients: scaleColumns(omega, priorScale), gram };
  }

  async whitenedPredictions(xi: Matrix): Promise<Matrix> {
    return gemm(xi, this.#state.features, { transposeB: true });
  }

  async traceInverse(): Promise<number> {
    const diagonal = await this.inverseBlocks(1);
    return diagonal.reduce((sum, value) => sum + value, 0);
  }

  /**
   * I − F H⁻¹Fᵀ for groups of rows. Where the leverage is high that cancels; then X = X Xᵀ + (F H⁻¹)(F H⁻¹)ᵀ, which holds for
   * X = I − F H⁻¹Fᵀ exactly, gives the block as a sum of squares.
   */
  async inverseBlocks(size: number): Promise<Float64Array> {
    const half = await this.#halfFeatures();
    const blocks = new Float64Array(this.rows * size);
    for (let first = 0; first < this.rows; first += size) {
      const block = gramOfRows(sliceRows(half, first, first + size));
      const leverage = Math.max(...block.data.filter((_, i) => i % (size + 1) === 0));
      blocks.set(
        (leverage > LEVERAGE ? this.#sumOfSquaresBlock(half, first, size) : complement(block)).data,
        first * size,
      );
    }
    return blocks;
  }

  async root(): Promise<Matrix> {
    return scaleColumns(await this.#state.information.inverseRoot(), this.#state.priorScale);
  }

  async predict({ jTest }: JacobianQuery, coefficients: Matrix): Promise<Matrix> {
    this.#checkTest(jTest);
    return gemm(coefficients, jTest, { transposeB: true });
  }

  async variance({ jTest }: JacobianQuery): Promise<Float64Array> {
    const root = await this.#covarianceRoot(jTest);
    return Float64Array.from({ length: jTest.rows }, (_, i) => sumOfSquares(rowOf(root, i)));
  }

  async covariance({ jTest }: JacobianQuery): Promise<Matrix> {
    return syrk(await this.#covarianceRoot(jTest));
  }

  dispose(): void {
    this.#whitenedFeatures = undefined;
    this.#state.information.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  // R⁻¹ S^{1/2} j* for each test row, [M, p].
  async #covarianceRoot(jTest: Matrix): Promise<Matrix> {
    this.#checkTest(jTest);
    return this.#state.information.whiten(scaleColumns(jTest, this.#state.priorScale));
  }

  #checkTest(jTest: Matrix): void {
    checkMatrix(jTest, jTest.rows, this.#state.features.columns, 'jTest');
  }

  async #inverse(b: Matrix): Promise<Matrix> {
    const { information } = this.#state;
    return information.finish(await information.whiten(b));
  }

  #residual(whitened: Matrix, omega: Matrix): Matrix {
    const product = gemm(omega, this.#state.features, { transposeB: true }); // [k, N]
    return matrix(
      whitened.rows,
      whitened.columns,
      whitened.data.map((value, i) => value - product.data[i]!),
    );
  }

  // R⁻¹ f for each row f of F, [N, p].
  #halfFeatures(): Promise<Matrix> {
    this.#whitenedFeatures ??= this.#state.information.whiten(this.#state.features);
    return this.#whitenedFeatures;
  }

  #sumOfSquaresBlock(half: Matrix, first: number, size: number): Matrix {
    const rows = sliceRows(half, first, first + size);
    const complementRows = gemm(rows, half, { transposeB: true, alpha: -1 }); // [size, N]
    for (let i = 0; i < size; i++) complementRows.data[i * this.rows + first + i]! += 1;
    const weights = this.#state.information.finish(rows); // H⁻¹ f
    return gemm(weights, weights, { transposeB: true, addTo: gramOfRows(complementRows) });
  }
}

function complement(block: Matrix): Matrix {
  return matrix(
    block.rows,
    block.columns,
    block.data.map((value, i) => (i % (block.columns + 1) === 0 ? 1 - value : -value)),
  );
}
