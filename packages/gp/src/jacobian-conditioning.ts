import { type LinearOperator, type Matrix, choleskySolver, gemm, matrix, syrk } from '@ntk/linop';
import { ShapeError, UnsupportedError } from '@ntk/tensor';
import { checkMatrix } from './checks.ts';
import type { WeightConditioning, WhitenedSolution } from './conditioning.ts';
import { type FeatureProducts, featureProducts } from './feature-products.ts';
import { type Information, type InformationSolver, factorInformation, gramOfRows } from './information.ts';
import type { PrecisionRoot } from './precision-root.ts';
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
  /** J(X), [N, p]: on the host, or an operator known by its products, borrowed for the life of the conditioning; leave-one-out needs the former. */
  readonly jTrain: Matrix | LinearOperator;
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
 * @param problem - borrowed; a matrix is not kept
 * @param solver - of H; a Cholesky factor by default
 * @returns the conditioning; the caller disposes it
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a prior variance is negative
 * @throws {NumericalError} if the Jacobian has entries that are not finite
 *
 * Cost: N·p²/2 + p³/6 multiply-adds, for an operator p products with J and Jᵀ in the place of the first; a variance p²/2. Meant for p below N; above, function space is cheaper and equal.
 * Source: Rasmussen & Williams (2006), equations 2.11 and 2.12, with noise and prior symmetrically whitened.
 */
export async function conditionJacobian(
  problem: JacobianProblem,
  solver: InformationSolver = choleskySolver(),
): Promise<WeightConditioning<JacobianQuery>> {
  const { jTrain, priorVariance = 1, precisionRoot } = problem;
  const p = checkedColumns(jTrain, precisionRoot.rows);
  const priorScale = priorScales(priorVariance, p);
  const features = featureProducts(jTrain, { priorScale, root: precisionRoot });
  try {
    const h = await features.gram();
    for (let i = 0; i < p; i++) h.data[i * p + i]! += 1;
    const information = await factorInformation(h, solver);
    return new JacobianConditioning({ priorScale, precisionRoot, features, information });
  } catch (error) {
    features.dispose();
    throw error;
  }
}

function checkedColumns(jTrain: Matrix | LinearOperator, rows: number): number {
  if ('data' in jTrain) {
    checkMatrix(jTrain, rows, jTrain.columns, 'jTrain');
    return jTrain.columns;
  }
  if (jTrain.shape[0] === rows) return jTrain.shape[1];
  throw new ShapeError(`jTrain: got ${jTrain.shape.join(' × ')}, expected ${rows} rows as the noise or precision root`);
}

interface State {
  /** S^{1/2}, [p]. */
  readonly priorScale: Float64Array;
  readonly precisionRoot: PrecisionRoot;
  readonly features: FeatureProducts;
  readonly information: Information;
}

class JacobianConditioning implements WeightConditioning<JacobianQuery> {
  readonly rows: number;
  readonly precisionRoot: PrecisionRoot;
  readonly #state: State;
  #whitenedFeatures: Promise<Matrix> | undefined;

  constructor(state: State) {
    this.#state = state;
    this.rows = state.precisionRoot.rows;
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
    const omega = await this.#inverse(await features.project(whitened)); // [k, p]
    const correction = await features.project(await this.#residual(whitened, omega)); // Fᵀ(b − Fω) − ω, the gradient left over
    for (let i = 0; i < omega.data.length; i++) correction.data[i]! -= omega.data[i]!;
    const refinement = await this.#inverse(correction);
    for (let i = 0; i < omega.data.length; i++) omega.data[i]! += refinement.data[i]!;
    const value = await this.#residual(whitened, omega);
    const gram = gemm(omega, omega, { transposeB: true, addTo: gramOfRows(value) });
    return { value, coefficients: scaleColumns(omega, priorScale), gram };
  }

  async whitenedPredictions(xi: Matrix): Promise<Matrix> {
    return this.#state.features.predict(xi);
  }

  /** N − p + tr H⁻¹, as tr F H⁻¹Fᵀ = tr H⁻¹(H − I); where F is held, the sum of what does not cancel. */
  async traceInverse(): Promise<number> {
    const { features, information, priorScale } = this.#state;
    if (features.held === undefined) {
      return this.rows - priorScale.length + sumOfSquares((await information.inverseRoot()).data);
    }
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
      const { data } = leverage > LEVERAGE ? await this.#sumOfSquaresBlock(half, first, size) : complement(block);
      blocks.set(data, first * size);
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
    this.#state.features.dispose();
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
    checkMatrix(jTest, jTest.rows, this.#state.priorScale.length, 'jTest');
  }

  async #inverse(b: Matrix): Promise<Matrix> {
    const { information } = this.#state;
    return information.finish(await information.whiten(b));
  }

  async #residual(whitened: Matrix, omega: Matrix): Promise<Matrix> {
    const product = await this.#state.features.predict(omega); // [k, N]
    return matrix(
      whitened.rows,
      whitened.columns,
      whitened.data.map((value, i) => value - product.data[i]!),
    );
  }

  // R⁻¹ f for each row f of F, [N, p].
  #halfFeatures(): Promise<Matrix> {
    const { held } = this.#state.features;
    if (held === undefined) {
      throw new UnsupportedError(
        'leave-one-out in parameter space: got a Jacobian known by its products, expected its rows on the host; pass it as a matrix',
      );
    }
    this.#whitenedFeatures ??= this.#state.information.whiten(held);
    return this.#whitenedFeatures;
  }

  async #sumOfSquaresBlock(half: Matrix, first: number, size: number): Promise<Matrix> {
    const rows = sliceRows(half, first, first + size);
    const complementRows = gemm(rows, half, { transposeB: true, alpha: -1 }); // [size, N]
    for (let i = 0; i < size; i++) complementRows.data[i * this.rows + first + i]! += 1;
    const weights = await this.#state.information.finish(rows); // H⁻¹ f
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
