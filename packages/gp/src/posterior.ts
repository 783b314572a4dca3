import { type Matrix, gemm, matrix } from '@ntk/linop';
import { checkOutputs, checkVector } from './checks.ts';
import type { Conditioning, WeightConditioning } from './conditioning.ts';
import { type EvidenceGradient, evidenceGradient, logMarginalLikelihood } from './evidence.ts';
import { type LeftOutExamples, type LeftOutRows, leaveExamplesOut, leaveRowsOut } from './leave-out.ts';
import { type Fit, fitTargets, lowerSolveRows, trendCovariance } from './least-squares.ts';
import { type PriorMean, centreTargets, constantBasis } from './prior-mean.ts';
import { rowOf } from './rows.ts';

/** A test point's prior mean, whatever else describes the point. */
export interface MeanQuery {
  readonly priorMean?: Float64Array;
}

/** Targets and the mean of their prior. */
export interface Targets {
  /** Targets y, [N]; row = example × outputs + output. */
  readonly yTrain: Float64Array;
  /** Mean of the prior at the training rows; zero where absent. */
  readonly priorMean?: PriorMean;
}

/**
 * A Gaussian process posterior over the noise-free function.
 *
 * Ownership: the caller disposes it; arrays it returns are the caller's.
 */
export interface Posterior<Query extends MeanQuery> {
  /**
   * The vector that the mean is linear in. Function space: α = A⁻¹(y − m), [N]; the weights are w = S Jᵀ α.
   * Parameter space: the weights w themselves, [p]. Treat as read-only.
   */
  readonly coefficients: Float64Array;
  /** β of a `constant` prior mean, one an output; empty where the mean is fixed. */
  readonly constant: Float64Array;
  /** Covariance of β, [outputs, outputs]; 0 × 0 where the mean is fixed. */
  readonly constantCovariance: Matrix;
  /**
   * log p(y), natural logarithm, with −N/2 log 2π; for a `constant` mean β is integrated out under a flat prior of density 1, so that it
   * compares with other constant means only. −∞ where the precision is singular; throws UnsupportedError where the conditioning has no
   * log-determinant.
   */
  readonly logMarginalLikelihood: number;
  /** What the factorisation had to add to the diagonal of B; 0 unless it was necessary. */
  readonly jitter: number;
  /**
   * What an iterative solver found for the constants and then for the targets, [outputs + 1, N] or [outputs + 1, p], from which it can start on
   * more data; undefined where a factor solves. Treat as read-only.
   */
  readonly unknowns: Matrix | undefined;
  /** What depends on the kernel and the precision alone; owned by the posterior. */
  readonly conditioning: Conditioning<Query>;
  /** Mean at the test rows, [M]. */
  mean(query: Query): Promise<Float64Array>;
  /** Variance of the noise-free function at the test rows, [M]; never negative. */
  variance(query: Query): Promise<Float64Array>;
  /** Covariance of the noise-free function between the test rows, [M, M]. */
  covariance(query: Query): Promise<Matrix>;
  /** Derivatives of `logMarginalLikelihood` by log s² and by the logarithm of a common factor of all noise variances. */
  evidenceGradient(): Promise<EvidenceGradient>;
  /** Prediction of each training row y_i (noise included) from all other rows; β is refitted. */
  leaveOneOut(): Promise<LeftOutRows>;
  /** Prediction of each example (`outputs` rows, noise included) from all other examples; β is refitted. */
  leaveOneExampleOut(outputs: number): Promise<LeftOutExamples>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A posterior whose coefficients are weights, and whose conditioning can draw from the prior. */
export interface WeightPosterior<Query extends MeanQuery> extends Posterior<Query> {
  readonly conditioning: WeightConditioning<Query>;
}

/**
 * Fits targets to a conditioning.
 *
 * @param conditioning - owned by the posterior from here on, also if this throws
 * @param start - `unknowns` of a similar posterior, of fewer rows maybe, for an iterative solver to start from; borrowed
 * @throws {ShapeError} if the targets or the mean have not N entries
 * @throws {NumericalError} with status `non-finite-input` if one is NaN or infinite
 *
 * Cost: one solve for each output with a constant mean, and one for the targets.
 */
export async function posteriorFrom<Query extends MeanQuery, Kind extends Conditioning<Query> = Conditioning<Query>>(
  conditioning: Kind & Conditioning<Query>,
  { yTrain, priorMean }: Targets,
  start?: Matrix,
): Promise<Posterior<Query> & { readonly conditioning: Kind }> {
  try {
    const targets = centreTargets(yTrain, conditioning.rows, priorMean);
    const fit = await fitTargets(conditioning, targets, start);
    return new FittedPosterior(conditioning, fit, yTrain.slice());
  } catch (error) {
    conditioning.dispose();
    throw error;
  }
}

class FittedPosterior<Query extends MeanQuery, Kind extends Conditioning<Query>> implements Posterior<Query> {
  readonly conditioning: Kind;
  readonly constantCovariance: Matrix;
  readonly #fit: Fit;
  readonly #yTrain: Float64Array;

  constructor(conditioning: Kind, fit: Fit, yTrain: Float64Array) {
    this.conditioning = conditioning;
    this.#fit = fit;
    this.#yTrain = yTrain;
    this.constantCovariance = trendCovariance(fit.trend);
  }

  get logMarginalLikelihood(): number {
    return logMarginalLikelihood(this.conditioning, this.#fit);
  }

  get coefficients(): Float64Array {
    return this.#fit.coefficients;
  }

  get constant(): Float64Array {
    return this.#fit.beta;
  }

  get unknowns(): Matrix | undefined {
    return this.#fit.unknowns;
  }

  get jitter(): number {
    return this.conditioning.jitter;
  }

  async mean(query: Query): Promise<Float64Array> {
    const { coefficients, beta } = this.#fit;
    const deviation = await this.conditioning.predict(query, matrix(1, coefficients.length, coefficients));
    const q = beta.length;
    if (q > 0) {
      checkOutputs(q, deviation.columns, 'mean');
      return deviation.data.map((value, i) => value + beta[i % q]!);
    }
    if (query.priorMean === undefined) return deviation.data;
    checkVector(query.priorMean, deviation.columns, 'query.priorMean');
    return deviation.data.map((value, i) => value + query.priorMean![i]!);
  }

  async variance(query: Query): Promise<Float64Array> {
    const variance = await this.conditioning.variance(query);
    const root = await this.#trendRoot(query, variance.length); // [q, M]
    for (let a = 0; a < root.rows; a++) rowOf(root, a).forEach((value, i) => (variance[i]! += value * value));
    return variance;
  }

  async covariance(query: Query): Promise<Matrix> {
    const covariance = await this.conditioning.covariance(query);
    const root = await this.#trendRoot(query, covariance.rows);
    return gemm(root, root, { transposeA: true, addTo: covariance });
  }

  async evidenceGradient(): Promise<EvidenceGradient> {
    return evidenceGradient(this.conditioning, this.#fit);
  }

  async leaveOneOut(): Promise<LeftOutRows> {
    return leaveRowsOut(this.conditioning, this.#fit, this.#yTrain);
  }

  async leaveOneExampleOut(outputs: number): Promise<LeftOutExamples> {
    return leaveExamplesOut(this.conditioning, this.#fit, { yTrain: this.#yTrain, outputs });
  }

  dispose(): void {
    this.conditioning.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  // G⁻¹(H*ᵀ − HᵀA⁻¹K*): the uncertainty of β adds its Gram matrix.
  async #trendRoot(query: Query, rows: number): Promise<Matrix> {
    const { trend, beta } = this.#fit;
    if (beta.length === 0) return matrix(0, rows);
    const residual = constantBasis(beta.length, rows);
    const explained = await this.conditioning.predict(query, trend.coefficients);
    for (let i = 0; i < residual.data.length; i++) residual.data[i]! -= explained.data[i]!;
    return lowerSolveRows(trend.factor, residual);
  }
}
