import type { GaussianScores } from '@ntk/gp';
import { alignColumns } from '@ntk/tensor';
import { withError } from './with-error.ts';

/** Scores under a name. */
export interface NamedScores {
  readonly name: string;
  readonly scores: GaussianScores;
}

/** Lines of a table of scores with their standard errors. */
export function scoreTable(title: string, entries: readonly NamedScores[]): string[] {
  const level = entries[0]?.scores.level ?? 0.95;
  const header = [title, 'RMSE', 'NLPD', `coverage of ${percent(level)}`];
  const rows = entries.map(({ name, scores }) => [
    `  ${name}`,
    withError(scores.rmse.value, scores.rmse.standardError),
    withError(scores.nlpd.value, scores.nlpd.standardError),
    percent(scores.coverage.value),
  ]);
  return alignColumns([header, ...rows], [1, 2, 3]);
}

/** A share as people write it. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
