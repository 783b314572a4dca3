import {
  type AdaptedNetwork,
  describeMapping,
  describeMethod,
  errorBoundOf,
  type FeatureSchema,
  type StoredPosterior,
  type Validation,
  type VarianceChoice,
  type Verdict,
} from '@ntk/adapt';
import type { TargetScores } from '../predictions/score-predictions.ts';
import { short } from './short.ts';
import { counted } from './counted.ts';
import { scoreTable } from './score-table.ts';
import { savedLines } from './stored-variance.ts';
import { varianceLines } from './variance-lines.ts';

/** What `ntk adapt` found, for its report. */
export interface AdaptOutcome {
  readonly adapted: AdaptedNetwork;
  readonly schema: FeatureSchema;
  /** What was saved. */
  readonly stored: StoredPosterior | undefined;
  /** What was to be saved. */
  readonly saveVariance: VarianceChoice;
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
  const { adapted, schema, stored, saveVariance, verdict, data, test, written } = outcome;
  const { linearization, network, hyperparameters, plan, inference } = adapted;
  const { n, p, c, backend } = linearization;
  const { solverBackend } = adapted.options;
  const algebra =
    solverBackend === undefined || solverBackend === backend ? '' : `, linear algebra on ${solverBackend.name}`;
  const dropped = data.dropped === 0 ? '' : `, ${data.dropped} left out for a missing cell`;
  return [
    `network ${network.meta.name}: ${counted(p, 'parameter')} linearised, ${counted(c, 'output')}`,
    ...network.meta.notes.map((note) => `  ${note}`),
    `data ${data.source}: ${counted(n, 'row')}${dropped}`,
    ...describeMapping(schema).map((line) => `  ${line}`),
    `computed in ${describeMethod(plan.method)} on ${backend.name}${algebra}, in ${(outcome.timeMs / 1000).toFixed(1)} s`,
    ...solutionLines(adapted),
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
    ...(stored === undefined ? [] : savedLines(stored, { choice: saveVariance, adapted })),
    '',
    verdict?.sentence ?? `No verdict: leave-one-out needs at least 3 rows, and there ${n === 1 ? 'is' : 'are'} ${n}.`,
  ];
}

/** The same as one JSON object. */
export function adaptJson({ adapted, schema, stored, verdict, data, test, written, timeMs }: AdaptOutcome): object {
  const { linearization, network, hyperparameters, plan, inference } = adapted;
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
    solverBackend: (adapted.options.solverBackend ?? linearization.backend).name,
    dtype: linearization.dtype,
    space: plan.method.space,
    method: plan.method,
    outputs: adapted.outputs,
    solution: adapted.solution ?? null,
    ...hyperparameters,
    noiseVariances: [...hyperparameters.noiseVariances],
    logMarginalLikelihood: inference.kind === 'operator' ? null : inference.posterior.logMarginalLikelihood,
    jitter: inference.posterior.jitter,
    verdict:
      verdict === undefined ? null : { ...verdict, leftOut: undefined, validation: validationName(verdict.validation) },
    test,
    written,
    ...(stored === undefined
      ? {}
      : { saved: { variance: stored.variance.kind, errorBound: errorBoundOf(stored.variance) } }),
    timeMs,
  };
}

/** What an iterative solver reached, and what the plan chose that is not as asked for. */
function solutionLines({ solution, plan, inference, hyperparameters }: AdaptedNetwork): string[] {
  const { method, candidates } = plan;
  const isNarrow = method.dtype === 'float32' && candidates.some((candidate) => candidate.method.dtype === 'float64');
  return [
    ...(isNarrow
      ? ['  float32 was chosen by the plan, as float64 does not fit or would take long; --dtype float64 insists']
      : []),
    ...(solution === undefined || method.solver === 'cholesky'
      ? []
      : [`  ${solution.stats.steps} steps, ${accuracyOf(solution)}; variances err upwards only`]),
    ...(inference.kind === 'operator'
      ? [`  this solution gives no evidence and no leave-one-out${learnedFrom(hyperparameters)}`]
      : []),
  ];
}

function learnedFrom({ learned, rowsUsed }: AdaptedNetwork['hyperparameters']): string {
  if (learned.length === 0) return '';
  const what = learned.length > 1 ? 'the variances were' : 'the learned variance was';
  return `; ${what} found before by the evidence of ${counted(rowsUsed, 'row')}`;
}

/** Least squares stop by their gradient; the residual of noisy data does not vanish. */
function accuracyOf({ stats }: NonNullable<AdaptedNetwork['solution']>): string {
  const [name, values] = stats.optimality === undefined ? ['residual', stats.residual] : ['gradient', stats.optimality];
  return `relative ${name} ${short(Math.max(...values))}`;
}

function verdictLines(verdict: Verdict | undefined, targets: readonly string[]): string[] {
  if (verdict === undefined) return [];
  return targets.flatMap((target, output) => [
    '',
    ...scoreTable(
      `${validationName(verdict.validation)}, ${target}`,
      verdict.methods.map(({ method, scores }) => ({ name: method, scores: scores[output]! })),
    ),
  ]);
}

function validationName({ kind, folds, examples }: Validation): string {
  if (kind === 'k-fold') return `${folds.length}-fold`;
  return kind === 'held-out' ? `${examples.length} held-out rows` : kind;
}
