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
import { checkMatrix, checkScale } from './checks.ts';
import { type EvidenceFunction, type RatioGrams, evidenceFunction, meanDiagonal } from './evidence-function.ts';
import { gramOfRows } from './information.ts';
import type { Targets } from './posterior.ts';
import { rowOf } from './rows.ts';
import { traceOfInverse } from './tridiagonal-trace.ts';
import { whitenTargets } from './whitened-targets.ts';

/** A kernel and targets whose evidence is wanted for many prior and noise variances. */
export interface EvidenceProblem extends Targets {
  /** K(X, X) without prior variance, symmetric positive semidefinite, [N, N]. */
  readonly kTrainTrain: Matrix;
  /** D of Σ = σ² D: relative noise variances of the rows, positive, [N]; ones by default. */
  readonly noiseShape?: Float64Array;
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
 * Cost: 2/3·N³ multiply-adds once, then O(N) a ratio. Source: Rasmussen & Williams (2006), equations 2.30 and
 * 2.45; the reduction Golub & Van Loan (2013), section 8.3.1.
 */
export async function tridiagonalEvidence(problem: EvidenceProblem): Promise<EvidenceFunction> {
  const { kTrainTrain, yTrain, priorMean, noiseShape } = problem;
  const n = kTrainTrain.rows;
  checkMatrix(kTrainTrain, n, n, 'kTrainTrain');
  const { whitening, vectors, logShape, freedom } = whitenTargets({ yTrain, priorMean, noiseShape }, n);
  const whitened = whitenKernel(kTrainTrain, whitening);
  const scale = meanDiagonal(whitened);
  checkScale(scale);
  const reduction = tridiagonalize(whitened, { inPlace: true });
  const reduced = { t: reduction.tridiagonal, vectors: applyQ(reduction, vectors, { transpose: true }), logShape };
  return evidenceFunction(freedom, scale, (ratio) => gramsAt(reduced, ratio));
}

interface Reduced {
  readonly t: Tridiagonal;
  /** Qᵀ of the whitened columns of H, then of the targets, [q + 1, N]. */
  readonly vectors: Matrix;
  /** log|D|. */
  readonly logShape: number;
}

function gramsAt({ t, vectors, logShape }: Reduced, ratio: number): RatioGrams {
  const factor = factorTridiagonal(t, ratio);
  return {
    inverse: gramOfRows(halfSolve(factor, vectors)),
    inverseSquared: gramOfRows(solveTridiagonal(factor, vectors)),
    trace: traceOfInverse(factor),
    logDeterminant: factor.logDeterminant + logShape,
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

function whitenKernel(k: Matrix, whitening: Float64Array): Matrix {
  const n = k.rows;
  const whitened = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) whitened.data[i * n + j] = k.data[i * n + j]! * whitening[i]! * whitening[j]!;
  }
  return whitened;
}
