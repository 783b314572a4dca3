import { type Matrix, cholesky, choleskyLogDeterminant, choleskySolve } from '@ntk/linop';
import type { EvidenceGradient } from './evidence.ts';
import { asRow, rowOf, sliceSquare } from './rows.ts';
import { dot } from './vector.ts';

/** What the ratio τ = σ²/s² alone determines, with M = K̃ + τI and P its inverse, projected where the mean is constant. */
export interface RatioTerms {
  /** r̃ᵀPr̃. */
  readonly quadratic: number;
  /** ‖Pr̃‖². */
  readonly squared: number;
  /** tr P. */
  readonly trace: number;
  /** log|M| + log|D| + log|H̃ᵀM⁻¹H̃|. */
  readonly logDeterminant: number;
}

/** The evidence at one point. */
export interface EvidenceAt {
  readonly logMarginalLikelihood: number;
  readonly gradient: EvidenceGradient;
}

/** Log marginal likelihood as a function of prior variance s² and noise variance σ², cheap once it is made. */
export interface EvidenceFunction {
  /** N − q: rows less unknown constants. */
  readonly freedom: number;
  /** Mean diagonal of D^{-1/2} K D^{-1/2}: the natural unit of the ratio τ = σ²/s². */
  readonly scale: number;
  /** The terms of one ratio. Throws NumericalError with status `breakdown` where K + τD is not positive definite to rounding. */
  terms(ratio: number): RatioTerms;
  /** log p(y) and its gradient. */
  at(priorVariance: number, noiseVariance: number): EvidenceAt;
}

/** Inner products of the columns of H̃ and, last, of r̃, [q + 1, q + 1], with what M itself contributes. */
export interface RatioGrams {
  /** b̃ᵀM⁻¹b̃'. */
  readonly inverse: Matrix;
  /** b̃ᵀM⁻²b̃'. */
  readonly inverseSquared: Matrix;
  /** tr M⁻¹. */
  readonly trace: number;
  /** log|M| + log|D|. */
  readonly logDeterminant: number;
}

/** An EvidenceFunction from the inner products at each ratio. */
export function evidenceFunction(
  freedom: number,
  scale: number,
  grams: (ratio: number) => RatioGrams,
): EvidenceFunction {
  const terms = (ratio: number): RatioTerms => projectedTerms(grams(ratio));
  return { freedom, scale, terms, at: (s2, sigma2) => evidenceAt(terms(sigma2 / s2), freedom, { s2, sigma2 }) };
}

/**
 * The evidence and its gradient from the terms of the ratio σ²/s²:
 * −½[r̃ᵀPr̃/s² + (N − q) log(2π s²) + log-determinants], from A = s² D^{1/2} M D^{1/2}.
 */
export function evidenceAt(
  terms: RatioTerms,
  freedom: number,
  { s2, sigma2 }: { readonly s2: number; readonly sigma2: number },
): EvidenceAt {
  const { quadratic, squared, trace, logDeterminant } = terms;
  const fit = quadratic / s2;
  const byNoise = 0.5 * (sigma2 / s2) * (squared / s2 - trace);
  return {
    logMarginalLikelihood: -0.5 * (fit + freedom * Math.log(2 * Math.PI * s2) + logDeterminant),
    gradient: { logNoiseVariance: byNoise, logPriorVariance: 0.5 * (fit - freedom) - byNoise },
  };
}

// P = M⁻¹ − M⁻¹H̃(H̃ᵀM⁻¹H̃)⁻¹H̃ᵀM⁻¹.
function projectedTerms({ inverse, inverseSquared, trace, logDeterminant }: RatioGrams): RatioTerms {
  const q = inverse.rows - 1;
  const { factor } = cholesky(sliceSquare(inverse, q), { jitter: { limit: 0 } });
  const cross = rowOf(inverse, q).slice(0, q);
  const slope = choleskySolve(factor, asRow(cross)).data; // [q]
  const direction = Float64Array.of(...slope.map((value) => -value), 1); // r̃ − H̃ slope
  const explained = choleskySolve(factor, sliceSquare(inverseSquared, q)); // [q, q], symmetric argument
  const squared = Array.from(direction, (value, a) => value * dot(rowOf(inverseSquared, a), direction));
  return {
    quadratic: Math.max(0, inverse.data[inverse.data.length - 1]! - dot(cross, slope)),
    squared: squared.reduce((sum, value) => sum + value, 0),
    trace: trace - traceOf(explained),
    logDeterminant: logDeterminant + choleskyLogDeterminant(factor),
  };
}

function traceOf(a: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) sum += a.data[i * a.columns + i]!;
  return sum;
}

/** Mean of the diagonal of a square matrix. */
export function meanDiagonal(a: Matrix): number {
  return traceOf(a) / a.rows;
}

/** The terms of a ratio, or undefined where K + τD is not positive definite to rounding. */
export function termsOrBreakdown(evidence: EvidenceFunction, ratio: number): RatioTerms | undefined {
  try {
    return evidence.terms(ratio);
  } catch (error) {
    if (isBreakdown(error)) return undefined;
    throw error;
  }
}

// By name, not by instanceof: two installed copies of a package then agree.
function isBreakdown(error: unknown): boolean {
  return error instanceof Error && error.name === 'NumericalError' && 'status' in error && error.status === 'breakdown';
}
