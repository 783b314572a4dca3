import type { GaussianScores, Score } from '@ntk/gp';
import { alignColumns, short } from './columns.ts';

/** Scores under a name. */
export interface NamedScores {
  readonly name: string;
  readonly scores: GaussianScores;
}

/** Lines of a table of scores with their standard errors. */
export function scoreTable(title: string, entries: readonly NamedScores[]): string[] {
  const level = entries[0]?.scores.level ?? 0.95;
  const header = [title, 'RMSE', 'NLPD', `coverage of ${percent(level)}`];
  return alignColumns([
    header,
    ...entries.map(({ name, scores }) => [
      `  ${name}`,
      withError(scores.rmse),
      withError(scores.nlpd),
      percent(scores.coverage.value),
    ]),
  ]);
}

function withError({ value, standardError }: Score): string {
  return Number.isFinite(standardError) ? `${short(value)} ± ${Number(standardError.toPrecision(2))}` : short(value);
}

/** A share as people write it. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
