import type { StoredPosterior, Table } from '@ntk/adapt';
import { alignColumns } from '@ntk/tensor';
import { counted } from './counted.ts';
import { short } from './short.ts';
import { describeVariance } from './stored-variance.ts';

/** What `ntk suggest` chose, for its report. */
export interface SuggestOutcome {
  readonly posterior: string;
  readonly stored: StoredPosterior;
  readonly table: Table;
  readonly candidates: number;
  /** Rows of the table, from 1, and what each tells after those before it, in nats. */
  readonly chosen: readonly { readonly row: number; readonly gain: number }[];
  readonly backend: string;
  readonly written: string | undefined;
  readonly timeMs: number;
}

/** The report for people, line by line. */
export function suggestReport(outcome: SuggestOutcome): string[] {
  const { posterior, stored, table, candidates, chosen, backend, written, timeMs } = outcome;
  const rows = chosen.map(({ row, gain }) => [table.describeRow(row - 1), short(gain)]);
  return [
    `posterior ${posterior}: network ${stored.network.meta.name} adapted to ${counted(stored.examples, 'row')}; ${describeVariance(stored)}`,
    `data ${table.source}: ${counted(candidates, 'row')} to choose from, on ${backend}, in ${(timeMs / 1000).toFixed(1)} s`,
    '',
    ...alignColumns([['label next', 'gain in nats'], ...rows], [1]),
    ...(written === undefined ? [] : ['', `wrote ${written}`]),
  ];
}

/** The same as one JSON object. */
export function suggestJson(outcome: SuggestOutcome): object {
  const { posterior, stored, table, candidates, chosen, backend, written, timeMs } = outcome;
  return {
    command: 'suggest',
    status: 'done',
    posterior,
    network: stored.network.meta.name,
    data: { source: table.source, rows: candidates },
    chosen,
    backend,
    written: written === undefined ? [] : [written],
    timeMs,
  };
}
