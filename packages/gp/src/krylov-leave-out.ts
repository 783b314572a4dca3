import { factorTridiagonal, matrix, solveTridiagonal } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import type { KrylovRun, ReducedVector } from './krylov-run.ts';
import type { LeftOutRows } from './leave-out.ts';
import { rowOf } from './rows.ts';
import { addScaled } from './vector.ts';

/** Predictions of single training rows from all others, with what the estimate of the diagonal leaves open. */
export interface LeftOutEstimates extends LeftOutRows {
  /** Standard error of (A⁻¹)_ii as a share of it, [N]: that of each variance, and of how far each mean is from its target. */
  readonly relativeError: Float64Array;
}

/** Leave-one-out predictions as a function of the variances, estimated. */
export interface KrylovLeaveOneOut {
  /**
   * Prediction of each training row y_i (noise included) from all others, for Σ = σ² D; β is refitted.
   *
   * @throws {OptionError} if a variance is not positive
   */
  at(priorVariance: number, noiseVariance: number): LeftOutEstimates;
}

/**
 * Leave-one-out of every (s², σ²) from the Krylov run that the evidence comes from: y_i − α_i/P_ii with α from the residual's space, and the diagonal as the
 * mean over probes of ω ∘ Pω.
 *
 * The relative error of P_ii is at most √(h/(1 − h)/probes), with h the share of row i in the variance of its own prediction: small where there are many more rows than
 * degrees of freedom, and not worth much otherwise. No estimate is outside what P ⪯ I/τ and P ⪰ I/(λ + τ) allow, λ the largest eigenvalue seen.
 *
 * @param run - with its bases; borrowed for the life of the function
 * @throws {OptionError} if the run has not kept its bases
 *
 * Cost of a pair of variances: (probes + 1)·steps·N multiply-adds. Source: Rasmussen & Williams (2006), equations 5.10 to 5.12; Bekas, Kokiopoulou & Saad
 * (2007), An estimator for the diagonal of a matrix.
 */
export function krylovLeaveOneOut(run: KrylovRun): KrylovLeaveOneOut {
  const { residual, squaredResidual, probes, whitening, yTrain } = run;
  const n = yTrain.length;
  const largest = Math.max(...probes.map(({ space }) => largestOf(space)));
  return {
    at: (s2, sigma2) => {
      const ratio = sigma2 / s2;
      if (!(s2 > 0 && ratio > 0 && Number.isFinite(ratio)))
        throw new OptionError(`leaveOneOut: got variances ${s2} and ${sigma2}, expected positive finite numbers`);
      const alpha = residual === undefined ? new Float64Array(n) : solveIn(residual, Math.sqrt(squaredResidual), ratio);
      const [sum, squares] = [new Float64Array(n), new Float64Array(n)];
      for (const { signs, space, squaredLength } of probes) {
        const solved = solveIn(space, Math.sqrt(squaredLength), ratio);
        for (let i = 0; i < n; i++) {
          sum[i]! += signs[i]! * solved[i]!;
          squares[i]! += solved[i]! ** 2;
        }
      }
      const count = probes.length;
      const mean = sum.map((value) => value / count);
      const spread = squares.map((value, i) => Math.sqrt(Math.max(0, value / count - mean[i]! ** 2) / (count - 1)));
      const diagonal = mean.map((value) => Math.min(1 / ratio, Math.max(1 / (largest + ratio), value)));
      return {
        mean: yTrain.map((y, i) => y - alpha[i]! / (whitening[i]! * diagonal[i]!)),
        variance: diagonal.map((value, i) => s2 / (whitening[i]! ** 2 * value)),
        relativeError: spread.map((value, i) => value / diagonal[i]!),
      };
    },
  };
}

// Qᵀ(T + τI)⁻¹e₁ · length
function solveIn({ tridiagonal, basis }: ReducedVector, length: number, ratio: number): Float64Array {
  if (basis === undefined)
    throw new OptionError('krylovLeaveOneOut: got a run without bases, expected one with keepsBases');
  const first = matrix(1, basis.rows);
  first.data[0] = length;
  const coefficients = solveTridiagonal(factorTridiagonal(tridiagonal, ratio), first).data;
  const solution = new Float64Array(basis.columns);
  coefficients.forEach((coefficient, k) => addScaled(solution, coefficient, rowOf(basis, k)));
  return solution;
}

// Gershgorin's bound of T, which T's eigenvalues do not exceed.
function largestOf({ tridiagonal: { diagonal, offDiagonal }, beyond }: ReducedVector): number {
  return diagonal.reduce((most, entry, i) => {
    const after = offDiagonal[i] ?? beyond;
    return Math.max(most, entry + (i > 0 ? offDiagonal[i - 1]! : 0) + after);
  }, 0);
}
