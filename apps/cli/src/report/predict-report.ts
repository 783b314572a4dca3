import { describeMapping, errorBoundOf, type FeatureSchema, type StoredPosterior } from '@ntk/adapt';
import type { TargetScores } from '../predictions/score-predictions.ts';
import { counted } from './counted.ts';
import { scoreTable } from './score-table.ts';
import { describeVariance } from './stored-variance.ts';

/** What `ntk predict` did, for its report. */
export interface PredictOutcome {
  /** Path of the posterior. */
  readonly posterior: string;
  readonly stored: StoredPosterior;
  readonly schema: FeatureSchema;
  readonly data: { readonly source: string; readonly rows: number; readonly dropped: number };
  readonly backend: string;
  /** Where the table has the targets. */
  readonly scores: readonly TargetScores[];
  readonly written: readonly string[];
  readonly timeMs: number;
}

/** The report for people, line by line. */
export function predictReport({
  posterior,
  stored,
  schema,
  data,
  backend,
  scores,
  written,
  timeMs,
}: PredictOutcome): string[] {
  const dropped = data.dropped === 0 ? '' : `, ${data.dropped} without a prediction for a missing cell`;
  return [
    `posterior ${posterior}: network ${stored.network.meta.name} adapted to ${counted(stored.examples, 'row')}; ${describeVariance(stored)}`,
    ...describeMapping(schema).map((line) => `  ${line}`),
    `data ${data.source}: ${counted(data.rows, 'row')} predicted${dropped}, on ${backend}, in ${(timeMs / 1000).toFixed(1)} s`,
    ...(scores.length === 0
      ? []
      : [
          '',
          ...scoreTable(
            'observed rows',
            scores.map(({ target, scores: own }) => ({ name: `${target}, ${counted(own.rows, 'row')}`, scores: own })),
          ),
        ]),
    ...(written.length === 0 ? ['nothing written: name a file with --out'] : ['', `wrote ${written.join(', ')}`]),
  ];
}

/** The same as one JSON object. */
export function predictJson({
  posterior,
  stored,
  schema,
  data,
  backend,
  scores,
  written,
  timeMs,
}: PredictOutcome): object {
  return {
    command: 'predict',
    status: 'done',
    posterior,
    network: stored.network.meta.name,
    variance: { kind: stored.variance.kind, errorBound: errorBoundOf(stored.variance) },
    mapping: describeMapping(schema),
    targets: schema.targets,
    data,
    backend,
    scores,
    written,
    timeMs,
  };
}
