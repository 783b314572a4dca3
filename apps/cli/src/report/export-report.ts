import type { StoredPosterior } from '@ntk/adapt';
import type { Discrepancy } from '../posterior/discrepancy.ts';
import { short } from './short.ts';
import { counted } from './counted.ts';
import { describeVariance } from './stored-variance.ts';

/** What `ntk export` did, for its report. */
export interface ExportOutcome {
  readonly posterior: string;
  readonly stored: StoredPosterior;
  readonly data: { readonly source: string; readonly rows: number };
  /** Where a network was written. */
  readonly discrepancy: Discrepancy | undefined;
  readonly backend: string;
  readonly written: readonly string[];
  readonly timeMs: number;
}

/** The report for people, line by line. */
export function exportReport(outcome: ExportOutcome): string[] {
  const { posterior, stored, data, discrepancy, backend, written, timeMs } = outcome;
  return [
    `posterior ${posterior}: network ${stored.network.meta.name} adapted to ${counted(stored.examples, 'row')}; ${describeVariance(stored)}`,
    `data ${data.source}: ${counted(data.rows, 'row')}, on ${backend}, in ${(timeMs / 1000).toFixed(1)} s`,
    ...(discrepancy === undefined ? [] : discrepancyLines(discrepancy)),
    '',
    `wrote ${written.join(', ')}`,
  ];
}

function discrepancyLines({ rms, largest, moved }: Discrepancy): string[] {
  const share = moved === 0 ? '' : `, ${short((100 * rms) / moved)} % of the ${short(moved)} that adapting moved them`;
  return [
    `the model's outputs differ from the posterior mean by ${short(rms)} (root mean square)${share}, at most ${short(largest)}`,
    ...(rms > 0.1 * moved
      ? ['  that is much: the network is not linear over so large a move; use ntk predict, or adapt fewer layers']
      : []),
  ];
}

/** The same as one JSON object. */
export function exportJson({ posterior, stored, data, discrepancy, backend, written, timeMs }: ExportOutcome): object {
  return {
    command: 'export',
    status: 'done',
    posterior,
    network: stored.network.meta.name,
    data,
    discrepancy: discrepancy ?? null,
    backend,
    written,
    timeMs,
  };
}
