import { openPosterior, type Prediction } from '@ntk/adapt';
import { OptionError, forward, type Backend } from '@ntk/tensor';
import type { PredictArguments } from '../arguments/predict-command.ts';
import type { Action } from '../main.ts';
import { blamingRows, checkFinite, dtypeOn, type Execution } from '../network/blame-rows.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { checkPlotPath } from '../plot/plot-path.ts';
import { predictChart } from '../plot/predict-chart.ts';
import { isCurve } from '../plot/input-band.ts';
import { renderSvg } from '../plot/render-svg.ts';
import { prepareRows, type PosteriorRows } from '../posterior/prepare-rows.ts';
import { observedTargets, scorePredictions } from '../predictions/score-predictions.ts';
import { predictionColumns, splitTargets } from '../predictions/target-prediction.ts';
import { predictJson, predictReport, type PredictOutcome } from '../report/predict-report.ts';
import { writeOutputs, type OutputFile } from '../tables/outputs.ts';
import { checkTablePath, encodeTable } from '../tables/write-table.ts';

/** ntk predict: predicts the rows of a table with a saved posterior. */
export const predictAction: Action<PredictArguments> = async (given, { stdout, stderr }) => {
  const startMs = performance.now();
  const inputs = await prepare(given);
  const { stored, schema, table, encoded, observed } = inputs;
  const { interval, includeNoise, out, plot } = given;
  const backend = await chooseBackend(given, { stderr });
  const execution = { backend, dtype: dtypeOn(backend, given.dtype) };
  using open = await openPosterior(stored, { ...execution, memory: given.memory });
  const predict = (x: Float64Array) => open.predict(x);
  const model = { targets: schema.targets, noiseVariance: stored.noiseVariances, interval };
  const predictions = splitTargets(await predictRows(inputs, execution, predict), model);
  const files: OutputFile[] = [];
  if (out !== undefined) {
    const columns = predictionColumns(predictions, { rows: encoded.rows, total: table.rows, includeNoise });
    files.push({ path: out, content: encodeTable(out, columns) });
  }
  if (plot !== undefined) {
    const untouched = (x: Float64Array) => outputsOf(stored, x, backend);
    const chart = await predictChart({ ...inputs, predictions, interval, predict, untouched });
    files.push({ path: plot, content: await renderSvg(chart) });
  }
  await writeOutputs(files);
  // Scores are of distributions: there are none without variances.
  const scores =
    observed === undefined || stored.variance.kind === 'none'
      ? []
      : scorePredictions(predictions, { observed, rows: encoded.rows, interval });
  const outcome: PredictOutcome = {
    posterior: given.posterior,
    stored,
    schema,
    data: { source: table.source, rows: encoded.rows.length, dropped: table.rows - encoded.rows.length },
    backend: backend.name,
    scores,
    written: files.map(({ path }) => path),
    timeMs: performance.now() - startMs,
  };
  stdout.write(given.json ? `${JSON.stringify(predictJson(outcome))}\n` : `${predictReport(outcome).join('\n')}\n`);
  return 0;
};

interface PredictInputs extends PosteriorRows {
  readonly observed: readonly Float64Array[] | undefined;
}

async function prepare({ posterior, data, out, plot }: PredictArguments): Promise<PredictInputs> {
  if (out !== undefined) checkTablePath(out);
  if (plot !== undefined) checkPlotPath(plot);
  const rows = await prepareRows({ posterior, data, outputs: [out, plot] });
  const { stored, schema, table } = rows;
  const observed = observedTargets(schema, table);
  if (plot !== undefined && stored.variance.kind === 'none')
    throw new OptionError(`--plot shows intervals, and ${posterior} holds no variances; leave --plot out`);
  if (plot !== undefined && !isCurve(schema) && observed === undefined) {
    throw new OptionError(
      `--plot needs a single input, or the targets (${schema.targets.join(', ')}) in ${data}; leave --plot out`,
    );
  }
  return { ...rows, observed };
}

async function predictRows(
  { stored, schema, table, encoded }: PredictInputs,
  execution: Execution,
  predict: (x: Float64Array) => Promise<Prediction>,
): Promise<Prediction> {
  const rows = { network: stored.network, schema, table, encoded };
  const prediction = await blamingRows(rows, execution, () => predict(encoded.x));
  // A file without variances gives none, which is no overflow.
  const { mean, variance } = prediction;
  checkFinite(rows, stored.variance.kind === 'none' ? [mean] : [mean, variance], execution);
  return prediction;
}

async function outputsOf(
  { network }: PosteriorRows['stored'],
  x: Float64Array,
  backend: Backend,
): Promise<Float64Array> {
  using outputs = await forward(network, x, { backend, dtype: backend.supports.float64 ? 'float64' : 'float32' });
  return Float64Array.from(await backend.read(outputs));
}
