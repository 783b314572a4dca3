import type { Method } from '../plan/method.ts';
import type { LearnedRows, Sizes } from '../plan/sizes.ts';
import { EVIDENCE_PARAMETERS, EVIDENCE_ROWS } from './evidence-size.ts';

/** What an evidence comes from: all rows in parameter space, by their kernel or by products with it, or the kernel of a sample. */
export type EvidenceSource = 'parameters' | 'kernel' | 'products' | 'sample';

/** What of a plan decides where its evidence comes from. */
export interface PlannedEvidence {
  readonly sizes: Pick<Sizes, 'n' | 'c' | 'p'>;
  readonly method: Pick<Method, 'holds'>;
  readonly learnsOn: LearnedRows;
}

/**
 * What the evidence of a plan comes from: what is exact where it is cheap, whatever else was asked for.
 *
 * @returns undefined where no variance is learned
 */
export function evidenceSource({ sizes: { n, c, p }, method, learnsOn }: PlannedEvidence): EvidenceSource | undefined {
  const rows = n * c;
  if (learnsOn === 'none') return undefined;
  if (method.holds !== 'kernel' && p < rows && p <= EVIDENCE_PARAMETERS) return 'parameters';
  if (rows <= EVIDENCE_ROWS) return 'kernel';
  return learnsOn === 'sample' ? 'sample' : 'products';
}
