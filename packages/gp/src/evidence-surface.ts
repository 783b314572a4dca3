import { type Matrix, matrix } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { type EvidenceFunction, type RatioTerms, evidenceAt, termsOrBreakdown } from './evidence-function.ts';

/** Where the evidence is tabulated. */
export interface SurfaceOptions {
  /** Middle of the grid. */
  readonly priorVariance: number;
  readonly noiseVariance: number;
  /** Factors of ten to either side of the middle; 3 by default. */
  readonly decades?: number;
  /** Points along each axis; 61 by default. */
  readonly points?: number;
}

/** The evidence on a grid of variances. */
export interface EvidenceSurface {
  /** s², increasing by one factor, [points]. */
  readonly priorVariances: Float64Array;
  /** σ², increasing by the same factor, [points]. */
  readonly noiseVariances: Float64Array;
  /** log p(y), one row a noise variance, [points, points]; −∞ where K + τD is not positive definite to rounding. */
  readonly logMarginalLikelihood: Matrix;
}

/**
 * Tabulates the evidence of every pair of variances.
 *
 * @throws {OptionError} if a number makes no sense
 *
 * Cost: as both axes have one factor between points, only 2·points − 1 ratios, O(N) each.
 */
export function evidenceSurface(evidence: EvidenceFunction, options: SurfaceOptions): EvidenceSurface {
  const { priorVariance, noiseVariance, decades = 3, points = 61 } = options;
  if (!(Number.isInteger(points) && points >= 2 && decades > 0 && priorVariance > 0 && noiseVariance > 0)) {
    throw new OptionError(
      `evidenceSurface: got ${points} points over ${decades} decades around ${priorVariance} and ${noiseVariance}, expected at least 2 points and positive numbers`,
    );
  }
  const axis = (middle: number): Float64Array =>
    Float64Array.from({ length: points }, (_, i) => middle * 10 ** (decades * ((2 * i) / (points - 1) - 1)));
  const [priorVariances, noiseVariances] = [axis(priorVariance), axis(noiseVariance)];
  const terms = new Map<number, RatioTerms | undefined>();
  const logMarginalLikelihood = matrix(points, points);
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) {
      const [s2, sigma2] = [priorVariances[j]!, noiseVariances[i]!];
      if (!terms.has(i - j)) terms.set(i - j, termsOrBreakdown(evidence, sigma2 / s2));
      const own = terms.get(i - j);
      logMarginalLikelihood.data[i * points + j] =
        own === undefined ? -Infinity : evidenceAt(own, evidence.freedom, { s2, sigma2 }).logMarginalLikelihood;
    }
  }
  return { priorVariances, noiseVariances, logMarginalLikelihood };
}
