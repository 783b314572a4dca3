import {
  type Matrix,
  type Tridiagonal,
  type TridiagonalFactor,
  applyQ,
  copyMatrix,
  factorTridiagonal,
  matrix,
  solveTridiagonal,
  tridiagonalize,
} from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { checkMatrix } from './checks.ts';
import type { EvidenceGradient } from './evidence.ts';
import { gramOfRows } from './information.ts';
import { projectTrend } from './least-squares.ts';
import type { Targets } from './posterior.ts';
import { noisePrecisionRoot } from './precision-root.ts';
import { centreTargets } from './prior-mean.ts';
import { asRow, rowOf, stackRows } from './rows.ts';
import { sumOfSquares } from './vector.ts';

/** A kernel and targets whose evidence is wanted for many prior and noise variances. */
export interface EvidenceProblem extends Targets {
  /** K(X, X) without prior variance, symmetric positive semidefinite, [N, N]. */
  readonly kTrainTrain: Matrix;
  /** D of Σ = σ² D: relative noise variances of the rows, positive, [N]; ones by default. */
  readonly noiseShape?: Float64Array;
}

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

/** Log marginal likelihood as a function of the two variances. */
export interface EvidenceFunction {
  /** N − q: rows less unknown constants. */
  readonly freedom: number;
  /** Mean diagonal of D^{-1/2} K D^{-1/2}: the natural unit of the ratio τ = σ²/s². */
  readonly scale: number;
  /** The terms of one ratio; O(N). Throws NumericalError where K + τD is not positive definite to rounding. */
  terms(ratio: number): RatioTerms;
  /** log p(y) for a prior variance s² and a noise variance σ²; O(N). */
  at(priorVariance: number, noiseVariance: number): EvidenceAt;
}

/** The evidence at one point. */
export interface EvidenceAt {
  readonly logMarginalLikelihood: number;
  readonly gradient: EvidenceGradient;
}

/**
 * Makes the evidence of every (s², σ²) cheap by one reduction D^{-1/2} K D^{-1/2} = Q T Qᵀ with T tridiagonal.
 *
 * A = s²K + σ²D = s² D^{1/2}(QTQᵀ + τI)D^{1/2}, so a determinant and a solve cost O(N) a ratio, and eigenvectors are not needed.
 *
 * @param problem - borrowed, not kept
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a relative noise variance is not positive, or the kernel is zero
 * @throws {NumericalError} if a number is not finite
 *
 * Cost: 2/3·N³ multiply-adds once, then O(N) a ratio. Source: mathematics of the evidence as Rasmussen & Williams (2006), equations 2.30
 * and 2.45; the reduction Golub & Van Loan (2013), section 8.3.1.
 */
export async function tridiagonalEvidence(problem: EvidenceProblem): Promise<EvidenceFunction> {
  const { kTrainTrain, yTrain, priorMean, noiseShape } = problem;
  const n = kTrainTrain.rows;
  checkMatrix(kTrainTrain, n, n, 'kTrainTrain');
  const { centred, basis, offset } = centreTargets(yTrain, n, priorMean);
  flushRounding(centred, yTrain);
  const whitening = whiteningOf(noiseShape, n);
  const whitened = whitenKernel(kTrainTrain, whitening);
  const scale = meanDiagonal(whitened);
  if (!(scale > 0)) {
    throw new OptionError(
      `evidence: got a kernel of mean diagonal ${scale}, expected a positive one; choose layers that the outputs depend on`,
    );
  }
  const vectors = stackRows(basis, asRow(centred)); // [q + 1, N]
  for (let i = 0; i < vectors.data.length; i++) vectors.data[i]! *= whitening[i % n]!;
  const reduction = tridiagonalize(whitened, { inPlace: true });
  const logShape = -2 * whitening.reduce((sum, value) => sum + Math.log(value), 0);
  const rotated = applyQ(reduction, vectors, { transpose: true });
  return evidenceOf({ t: reduction.tridiagonal, vectors: rotated, offset, scale, logShape });
}

interface Reduced {
  readonly t: Tridiagonal;
  /** Qᵀ of the whitened columns of H, then of the targets, [q + 1, N]. */
  readonly vectors: Matrix;
  readonly offset: Float64Array;
  readonly scale: number;
  /** log|D|. */
  readonly logShape: number;
}

function evidenceOf(reduced: Reduced): EvidenceFunction {
  const freedom = reduced.vectors.columns - (reduced.vectors.rows - 1);
  const terms = (ratio: number) => ratioTerms(reduced, ratio);
  return {
    freedom,
    scale: reduced.scale,
    terms,
    at: (s2, sigma2) => evidenceAt(terms(sigma2 / s2), freedom, { s2, sigma2 }),
  };
}

/** The evidence and its gradient from the terms of the ratio σ²/s². */
export function evidenceAt(
  terms: RatioTerms,
  freedom: number,
  { s2, sigma2 }: { s2: number; sigma2: number },
): EvidenceAt {
  const { quadratic, squared, trace, logDeterminant } = terms;
  const fit = quadratic / s2;
  const value = -0.5 * (fit + freedom * (Math.log(s2) + Math.log(2 * Math.PI)) + logDeterminant);
  const byNoise = 0.5 * (sigma2 / s2) * (squared / s2 - trace);
  return {
    logMarginalLikelihood: value,
    gradient: { logNoiseVariance: byNoise, logPriorVariance: 0.5 * (fit - freedom) - byNoise },
  };
}

function ratioTerms({ t, vectors, offset, logShape }: Reduced, ratio: number): RatioTerms {
  const factor = factorTridiagonal(t, ratio);
  const value = solveTridiagonal(factor, vectors);
  const fit = projectTrend({ value, coefficients: value, gram: gramOfRows(halfSolve(factor, vectors)) }, offset);
  return {
    quadratic: fit.quadratic,
    squared: sumOfSquares(fit.value),
    trace: traceOfInverse(factor) - sumOfSquares(fit.trend.projection.data),
    logDeterminant: factor.logDeterminant + fit.trend.logDeterminant + logShape,
  };
}

// D^{-1/2} L⁻¹ b for T + τI = L D Lᵀ: its squared length is bᵀ(T + τI)⁻¹b.
function halfSolve({ pivots, multipliers }: TridiagonalFactor, b: Matrix): Matrix {
  const solved = copyMatrix(b);
  for (let k = 0; k < b.rows; k++) {
    const row = rowOf(solved, k);
    for (let i = 1; i < row.length; i++) row[i]! -= multipliers[i - 1]! * row[i - 1]!;
    for (let i = 0; i < row.length; i++) row[i]! /= Math.sqrt(pivots[i]!);
  }
  return solved;
}

// (T + τI)⁻¹ = L⁻ᵀD⁻¹L⁻¹ has the diagonal x_i = 1/d_i + l_i² x_{i+1}, all terms positive.
function traceOfInverse({ pivots, multipliers }: TridiagonalFactor): number {
  let entry = 0;
  let trace = 0;
  for (let i = pivots.length - 1; i >= 0; i--) {
    entry = 1 / pivots[i]! + (multipliers[i] ?? 0) ** 2 * entry;
    trace += entry;
  }
  return trace;
}

// Targets that equal their prior mean up to rounding carry no evidence about a scale; without this they would claim s² ≈ 1e-32.
function flushRounding(centred: Float64Array, yTrain: Float64Array): void {
  const largest = yTrain.reduce((max, y) => Math.max(max, Math.abs(y)), 0);
  if (centred.every((value) => Math.abs(value) <= 8 * Number.EPSILON * largest)) centred.fill(0);
}

function whiteningOf(noiseShape: Float64Array | undefined, rows: number): Float64Array {
  if (noiseShape === undefined) return new Float64Array(rows).fill(1);
  return noisePrecisionRoot(noiseShape, rows).blocks;
}

function whitenKernel(k: Matrix, whitening: Float64Array): Matrix {
  const n = k.rows;
  const whitened = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) whitened.data[i * n + j] = k.data[i * n + j]! * whitening[i]! * whitening[j]!;
  }
  return whitened;
}

function meanDiagonal(a: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) sum += a.data[i * a.rows + i]!;
  return sum / a.rows;
}
