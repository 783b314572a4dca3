import type { EvidenceErrors, Hyperparameters } from '@ntk/adapt';
import { short } from './short.ts';
import { counted } from './counted.ts';
import { withError } from './with-error.ts';

/** The variances of a model, and how sound they are. */
export interface VarianceReport {
  readonly hyperparameters: Hyperparameters;
  /** Training rows, one for each example and output. */
  readonly rows: number;
  /** What a factorisation needed on its diagonal; 0 unless it was necessary. */
  readonly jitter: number;
}

/** Lines on the two variances: values, where they came from, and what makes them doubtful. */
export function varianceLines({ hyperparameters, rows, jitter }: VarianceReport): string[] {
  const { noiseVariance, priorVariance, learned, onEdge, rowsUsed, estimate } = hyperparameters;
  const how = (name: 'noiseVariance' | 'priorVariance') => (learned.includes(name) ? 'learned' : 'given');
  return [
    `noise variance ${short(noiseVariance)} (${how('noiseVariance')}), prior variance ${short(priorVariance)} (${how('priorVariance')})`,
    ...(learned.length > 0 && rowsUsed < rows
      ? [`  learned from ${counted(rowsUsed, 'row')} of ${rows}, chosen at random`]
      : []),
    ...(estimate === undefined ? [] : [estimateLine(estimate, rows)]),
    ...(onEdge === undefined ? [] : [edgeLine(learned, onEdge)]),
    ...(jitter > 0
      ? [
          `  a jitter of ${short(jitter)} was added to the diagonal, as the kernel is not positive definite in rounding; a larger --noise avoids it`,
        ]
      : []),
  ];
}

/** Estimated evidence: its error, and what more steps would change if that is more than the error. */
function estimateLine(
  { logMarginalLikelihood, standardError, truncation, probes, steps }: EvidenceErrors,
  rows: number,
): string {
  const beyond = truncation > standardError ? `, and up to ${short(truncation)} more that these do not resolve` : '';
  return `  learned from all ${rows} rows by products: log evidence ${withError(logMarginalLikelihood, standardError)} by ${probes} random vectors and ${counted(steps, 'step')}${beyond}`;
}

/** The edge is one of the ratio noise / prior: it is the same for the noise, and the other for the prior. */
function edgeLine(learned: Hyperparameters['learned'], onEdge: 'lower' | 'upper'): string {
  const other = onEdge === 'lower' ? 'upper' : 'lower';
  if (learned.length > 1) {
    return `  the data do not determine their ratio, which is at the ${onEdge} end of the search; give one with --noise or --prior-variance`;
  }
  return learned[0] === 'noiseVariance'
    ? `  the data do not determine the noise variance, which is at the ${onEdge} end of the search; give it with --noise`
    : `  the data do not determine the prior variance, which is at the ${other} end of the search; give it with --prior-variance`;
}
