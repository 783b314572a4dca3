import { type Matrix, cholesky, eigh, gemm, matrix } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { checkMatrix } from './checks.ts';
import type { LeftOutRows } from './leave-out.ts';
import { lowerSolveRows } from './least-squares.ts';
import { rowOf, sliceRows, sliceSquare } from './rows.ts';
import type { EvidenceProblem } from './tridiagonal-evidence.ts';
import { addScaled } from './vector.ts';
import { whitenTargets } from './whitened-targets.ts';

/** Leave-one-out predictions as a function of the variances. */
export interface LeaveOneOutFunction {
  /**
   * Prediction of each training row y_i (noise included) from all others, for Σ = σ² D; β is refitted.
   *
   * @throws {OptionError} if a variance is not positive
   */
  at(priorVariance: number, noiseVariance: number): LeftOutRows;
}

/**
 * Makes leave-one-out of every (s², σ²) cheap by one eigendecomposition D^{-1/2} K D^{-1/2} = Q Λ Qᵀ.
 *
 * A = s² D^{1/2} M D^{1/2} with M = QΛQᵀ + τI, τ = σ²/s²: y_i − (A⁻¹r)_i/(A⁻¹)_ii needs the diagonal of M⁻¹, for which, unlike for the evidence, the
 * eigenvectors are needed.
 *
 * @param problem - borrowed, not kept
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a relative noise variance is not positive
 * @throws {NumericalError} if a number is not finite
 *
 * Cost: 2.5·N³ multiply-adds once, then (q + 2)·N² for each pair of variances. Source: Rasmussen & Williams (2006), equations 5.10 to 5.12.
 */
export async function spectralLeaveOneOut(problem: EvidenceProblem): Promise<LeaveOneOutFunction> {
  const { kTrainTrain, yTrain, priorMean, noiseShape } = problem;
  const n = kTrainTrain.rows;
  checkMatrix(kTrainTrain, n, n, 'kTrainTrain');
  const { whitening, vectors } = whitenTargets({ yTrain, priorMean, noiseShape }, n);
  const whitened = matrix(n, n);
  for (let i = 0; i < n * n; i++) {
    whitened.data[i] = kTrainTrain.data[i]! * whitening[Math.floor(i / n)]! * whitening[i % n]!;
  }
  // Rows of `basis` are eigenvectors; rounding may leave an eigenvalue a little below 0.
  const { values, vectors: basis } = eigh(whitened);
  const spectrum = values.map((value) => Math.max(0, value));
  const coordinates = gemm(vectors, basis, { transposeB: true }); // of H̃ and r̃, [q + 1, N]
  const y = yTrain.slice();
  return {
    at: (s2, sigma2) => {
      if (!(s2 > 0 && sigma2 > 0 && Number.isFinite(s2) && Number.isFinite(sigma2)))
        throw new OptionError(`leaveOneOut: got variances ${s2} and ${sigma2}, expected positive finite numbers`);
      const weights = spectrum.map((value) => 1 / (value + sigma2 / s2));
      const { residual, diagonal } = project({ basis, coordinates, weights });
      return {
        mean: y.map((value, i) => value - residual[i]! / (whitening[i]! * diagonal[i]!)),
        variance: diagonal.map((value, i) => s2 / (whitening[i]! ** 2 * value)),
      };
    },
  };
}

interface Spectral {
  readonly basis: Matrix;
  readonly coordinates: Matrix;
  /** Eigenvalues of M⁻¹. */
  readonly weights: Float64Array;
}

/** P̃r̃ and the diagonal of P̃ = M⁻¹ − VᵀV with V = G⁻¹H̃ᵀM⁻¹, H̃ᵀM⁻¹H̃ = G Gᵀ. */
function project({ basis, coordinates, weights }: Spectral): { residual: Float64Array; diagonal: Float64Array } {
  const n = basis.rows;
  const q = coordinates.rows - 1;
  const scaled = matrix(
    q + 1,
    n,
    coordinates.data.map((value, i) => value * weights[i % n]!),
  );
  const solved = gemm(scaled, basis); // M⁻¹ of H̃ and r̃
  const gram = gemm(scaled, coordinates, { transposeB: true });
  const { factor } = cholesky(sliceSquare(gram, q), { jitter: { limit: 0 } });
  const v = lowerSolveRows(factor, sliceRows(solved, 0, q));
  const half = lowerSolveRows(
    factor,
    matrix(
      q,
      1,
      Float64Array.from({ length: q }, (_, a) => rowOf(gram, q)[a]!),
    ),
  );
  const residual = rowOf(solved, q).slice();
  for (let a = 0; a < q; a++) addScaled(residual, -half.data[a]!, rowOf(v, a));
  const diagonal = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const vector = rowOf(basis, j);
    for (let i = 0; i < n; i++) diagonal[i]! += weights[j]! * vector[i]! * vector[i]!;
  }
  for (let i = 0; i < q * n; i++) diagonal[i % n]! -= v.data[i]! ** 2;
  return { residual, diagonal };
}
