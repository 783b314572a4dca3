import { describeMapping, type AdaptedNetwork, type FeatureSchema, type Verdict } from '@ntk/adapt';
import type { TargetScores } from '../predictions/score-predictions.ts';
import { counted } from './counted.ts';
import { scoreTable } from './score-table.ts';
import { varianceLines } from './variance-lines.ts';

/** What `ntk adapt` found, for its report. */
export interface AdaptOutcome {
  readonly adapted: AdaptedNetwork;
  readonly schema: FeatureSchema;
  readonly verdict: Verdict | undefined;
  /** Path of the data, and rows that were left out for a missing cell. */
  readonly data: { readonly source: string; readonly dropped: number };
  /** Scores on the test table, where it has the targets. */
  readonly test: readonly TargetScores[];
  readonly written: readonly string[];
  readonly timeMs: number;
}

/** The report for people, line by line; the verdict is last. */
export function adaptReport(outcome: AdaptOutcome): string[] {
  const { adapted, schema, verdict, data, test, written } = outcome;
  const { linearization, network, hyperparameters, space, inference } = adapted;
  const { n, p, c, backend, dtype } = linearization;
  const dropped = data.dropped === 0 ? '' : `, ${data.dropped} left out for a missing cell`;
  return [
    `network ${network.meta.name}: ${counted(p, 'parameter')} linearised, ${counted(c, 'output')}`,
    ...network.meta.notes.map((note) => `  ${note}`),
    `data ${data.source}: ${counted(n, 'row')}${dropped}`,
    ...describeMapping(schema).map((line) => `  ${line}`),
    `computed in ${space} space, ${dtype} on ${backend.name}, in ${(outcome.timeMs / 1000).toFixed(1)} s`,
    ...varianceLines({ hyperparameters, rows: n * c, jitter: inference.posterior.jitter }),
    ...(test.length === 0
      ? []
      : [
          '',
          ...scoreTable(
            'test rows',
            test.map(({ target, scores }) => ({ name: `${target}, ${counted(scores.rows, 'row')}`, scores })),
          ),
        ]),
    ...verdictLines(verdict, schema.targets),
    ...(written.length === 0 ? [] : ['', `wrote ${written.join(', ')}`]),
    '',
    verdict?.sentence ?? `No verdict: leave-one-out needs at least 3 rows, and there ${n === 1 ? 'is' : 'are'} ${n}.`,
  ];
}

/** The same as one JSON object. */
export function adaptJson({ adapted, schema, verdict, data, test, written, timeMs }: AdaptOutcome): object {
  const { linearization, network, hyperparameters, space, inference } = adapted;
  return {
    command: 'adapt',
    status: 'done',
    network: { name: network.meta.name, source: network.meta.source, notes: network.meta.notes },
    layers: [...new Set(linearization.parameters.map(({ layer }) => layer))],
    parameters: linearization.p,
    data: { source: data.source, rows: linearization.n, dropped: data.dropped },
    mapping: describeMapping(schema),
    targets: schema.targets,
    backend: linearization.backend.name,
    dtype: linearization.dtype,
    space,
    ...hyperparameters,
    logMarginalLikelihood: inference.posterior.logMarginalLikelihood,
    jitter: inference.posterior.jitter,
    verdict: verdict === undefined ? null : { ...verdict, leftOut: undefined },
    test,
    written,
    timeMs,
  };
}

function verdictLines(verdict: Verdict | undefined, targets: readonly string[]): string[] {
  if (verdict === undefined) return [];
  return targets.flatMap((target, output) => [
    '',
    ...scoreTable(
      `leave-one-out, ${target}`,
      verdict.methods.map(({ method, scores }) => ({ name: method, scores: scores[output]! })),
    ),
  ]);
}
