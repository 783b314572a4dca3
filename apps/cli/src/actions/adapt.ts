import {
  adapt,
  encodePosterior,
  planAdaptation,
  storePosterior,
  verdict,
  type AdaptedNetwork,
  type Prediction,
  type StoredPosterior,
} from '@ntk/adapt';
import { resolve } from 'node:path';
import type { AdaptArguments } from '../arguments/adapt-command.ts';
import type { Action } from '../main.ts';
import { blamingRows, checkFinite, type Execution, type NamedRows } from '../network/blame-rows.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { chooseSolverBackend } from '../network/choose-solver-backend.ts';
import { adaptChart } from '../plot/adapt-chart.ts';
import { evidenceChart } from '../plot/evidence-chart.ts';
import { renderSvg } from '../plot/render-svg.ts';
import { scorePredictions } from '../predictions/score-predictions.ts';
import { predictionColumns, splitTargets, type TargetPrediction } from '../predictions/target-prediction.ts';
import { adaptJson, adaptReport, type AdaptOutcome } from '../report/adapt-report.ts';
import { writeOutputs, type OutputFile } from '../tables/outputs.ts';
import { encodeTable } from '../tables/write-table.ts';
import { progressBar } from '../terminal/progress.ts';
import { stageCounter } from '../terminal/stages.ts';
import { adaptOptions } from './adapt-options.ts';
import { prepareAdapt, type AdaptInputs } from './prepare-adapt.ts';

/** ntk adapt: reads a network and data, adapts, and writes predictions, posterior, picture and report. */
export const adaptAction: Action<AdaptArguments> = async (given, { stdout, stderr }) => {
  const startMs = performance.now();
  const inputs = await prepareAdapt(given);
  const backend = await chooseBackend(given, { stderr });
  const solverBackend = await chooseSolverBackend(given, backend);
  const progress = progressBar(stderr);
  const onStage = stageCounter(progress, ['linearize', 'kernel', 'evidence', 'solve', 'verdict', 'predict', 'write']);
  try {
    const { network, examples } = inputs;
    const options = await adaptOptions(given, inputs, { backend, solverBackend });
    const plan = planAdaptation(network, examples.rows.length, options);
    const execution = { backend, dtype: plan.method.dtype, layers: given.layers };
    const run = { ...options, plan, onProgress: onStage };
    using adapted = await blamingRows(trainingRows(inputs), execution, () => adapt(network, examples, run));
    const outcome = await conclude(given, inputs, { adapted, execution, onStage, startMs });
    progress.stop();
    for (const warning of outcome.verdict?.warnings ?? []) stderr.write(`ntk: warning: ${warning}\n`);
    stdout.write(given.json ? `${JSON.stringify(adaptJson(outcome))}\n` : `${adaptReport(outcome).join('\n')}\n`);
    return 0;
  } finally {
    progress.stop();
  }
};

interface Running {
  readonly adapted: AdaptedNetwork;
  readonly execution: Execution;
  readonly onStage: (stage: string) => void;
  readonly startMs: number;
}

async function conclude(
  given: AdaptArguments,
  inputs: AdaptInputs,
  { adapted, execution, onStage, startMs }: Running,
): Promise<AdaptOutcome> {
  const { schema, tables, examples, test } = inputs;
  onStage('verdict');
  const judge = () => verdict(adapted, { level: given.interval });
  const found = await blamingRows(trainingRows(inputs), execution, judge);
  onStage('predict');
  const { noiseVariances } = adapted.hyperparameters;
  const model = { targets: schema.targets, noiseVariance: noiseVariances, interval: given.interval };
  const wanted = given.out !== undefined || given.test !== undefined;
  const predictions = wanted ? splitTargets(await predictTest(inputs, adapted, execution), model) : [];
  const stored = await storeFor(given, inputs, adapted);
  const files = await outputFiles(given, { predictions, inputs, adapted, found, stored });
  onStage('write');
  await writeOutputs(files);
  return {
    adapted,
    schema,
    stored,
    saveVariance: given.saveVariance,
    verdict: found,
    data: { source: tables.inputs.source, dropped: tables.inputs.rows - examples.rows.length },
    test:
      test.observed === undefined
        ? []
        : scorePredictions(predictions, {
            observed: test.observed,
            rows: test.encoded.rows,
            interval: given.interval,
          }),
    written: files.map(({ path }) => path),
    timeMs: performance.now() - startMs,
  };
}

function trainingRows({ network, schema, tables, examples }: AdaptInputs): NamedRows {
  return { network, schema, table: tables.inputs, encoded: examples };
}

async function predictTest(
  { network, schema, test }: AdaptInputs,
  adapted: AdaptedNetwork,
  execution: Execution,
): Promise<Prediction> {
  const rows = { network, schema, ...test };
  const prediction = await blamingRows(rows, execution, () => adapted.predict(test.encoded.x));
  checkFinite(rows, [prediction.mean, prediction.variance], execution);
  return prediction;
}

async function storeFor(
  { save, saveVariance, saveSize }: AdaptArguments,
  { schema }: AdaptInputs,
  adapted: AdaptedNetwork,
): Promise<StoredPosterior | undefined> {
  if (save === undefined) return undefined;
  return storePosterior(adapted, { features: schema, variance: saveVariance, maxBytes: saveSize * 2 ** 20 });
}

interface Results {
  readonly predictions: readonly TargetPrediction[];
  readonly inputs: AdaptInputs;
  readonly adapted: AdaptedNetwork;
  readonly found: Awaited<ReturnType<typeof verdict>>;
  readonly stored: StoredPosterior | undefined;
}

async function outputFiles(
  given: AdaptArguments,
  { predictions, inputs, adapted, found, stored }: Results,
): Promise<OutputFile[]> {
  const { out, plot, interval, includeNoise } = given;
  const { test } = inputs;
  const files: OutputFile[] = [];
  if (out !== undefined) {
    const layout = { rows: test.encoded.rows, total: test.table.rows, includeNoise };
    files.push({ path: out, content: encodeTable(out, predictionColumns(predictions, layout)) });
  }
  if (stored !== undefined) {
    const reference = given.saveNetwork === 'path' ? { networkPath: resolve(given.model) } : {};
    files.push({ path: given.save!, content: await encodePosterior(stored, reference) });
  }
  if (given.plotEvidence !== undefined && adapted.evidence !== undefined) {
    const chart = evidenceChart(adapted.evidence, adapted.hyperparameters);
    files.push({ path: given.plotEvidence, content: await renderSvg(chart) });
  }
  if (plot !== undefined) {
    const chart = await adaptChart({ adapted, inputs, judged: found, interval });
    files.push({ path: plot, content: await renderSvg(chart) });
  }
  return files;
}
