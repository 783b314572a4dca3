import type { Conditioning } from './conditioning.ts';
import type { Fit } from './least-squares.ts';
import { logDeterminantOfPrecision } from './precision-root.ts';
import { sumOfSquares } from './vector.ts';

/** Derivatives of the log marginal likelihood. */
export interface EvidenceGradient {
  /** By log s², the prior variance. */
  readonly logPriorVariance: number;
  /** By log σ², or by the logarithm of a common factor of all noise variances. */
  readonly logNoiseVariance: number;
}

/**
 * log p(y) = −½ (y − m)ᵀP(y − m) − ½ log|A| − ½ log|HᵀA⁻¹H| − (N − q)/2 log 2π, the last two with q = 0 where the mean is fixed.
 *
 * Source: Rasmussen & Williams (2006), equations 2.30 and 2.45; log|A| = log|B| − log|Λ|.
 */
export function logMarginalLikelihood<Query>(conditioning: Conditioning<Query>, fit: Fit): number {
  const q = fit.beta.length;
  const logDeterminant = conditioning.logDeterminant - logDeterminantOfPrecision(conditioning.precisionRoot);
  return (
    -0.5 * (fit.quadratic + logDeterminant + fit.trend.logDeterminant + (conditioning.rows - q) * Math.log(2 * Math.PI))
  );
}

/**
 * With α̃ = P̃ỹ: ∂/∂log σ² = ½(α̃ᵀα̃ − tr P̃) and ∂/∂log s² = ½(ỹᵀα̃ − α̃ᵀα̃ − (N − q) + tr P̃), because LᵀΣL = I and LᵀKL = B − I.
 *
 * Cost: the trace of B⁻¹. Source: Rasmussen & Williams (2006), equation 5.9, with P in the place of K⁻¹.
 */
export async function evidenceGradient<Query>(conditioning: Conditioning<Query>, fit: Fit): Promise<EvidenceGradient> {
  const trace = (await conditioning.traceInverse()) - sumOfSquares(fit.trend.projection.data);
  const noisePart = sumOfSquares(fit.value);
  const freedom = conditioning.rows - fit.beta.length;
  return {
    logPriorVariance: 0.5 * (fit.quadratic - noisePart - freedom + trace),
    logNoiseVariance: 0.5 * (noisePart - trace),
  };
}
