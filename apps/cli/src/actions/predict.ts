import {
  checkNetworkFit,
  decodePosterior,
  encodeInputs,
  predictStored,
  type EncodedInputs,
  type FeatureSchema,
  type Prediction,
  type StoredPosterior,
  type Table,
} from '@ntk/adapt';
import { OptionError, forward, type Backend } from '@ntk/tensor';
import type { PredictArguments } from '../arguments/predict-command.ts';
import type { Action } from '../main.ts';
import { blamingRows, checkFinite, dtypeOn, type Execution } from '../network/blame-rows.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { networkSide } from '../network/network-side.ts';
import { checkPlotPath } from '../plot/plot-path.ts';
import { predictChart } from '../plot/predict-chart.ts';
import { isCurve } from '../plot/input-band.ts';
import { renderSvg } from '../plot/render-svg.ts';
import { observedTargets, scorePredictions } from '../predictions/score-predictions.ts';
import { predictionColumns, splitTargets } from '../predictions/target-prediction.ts';
import { predictJson, predictReport, type PredictOutcome } from '../report/predict-report.ts';
import { readInputFile } from '../tables/input-file.ts';
import { checkOutputs, writeOutputs, type OutputFile } from '../tables/outputs.ts';
import { readTable } from '../tables/read-table.ts';
import { checkTablePath, encodeTable } from '../tables/write-table.ts';

/** ntk predict: predicts the rows of a table with a saved posterior. */
export const predictAction: Action<PredictArguments> = async (given, { stdout, stderr }) => {
  const startMs = performance.now();
  const inputs = await prepare(given);
  const { stored, schema, table, encoded, observed } = inputs;
  const { interval, includeNoise, out, plot } = given;
  const backend = await chooseBackend(given, { stderr });
  const execution = { backend, dtype: dtypeOn(backend, given.dtype) };
  const predict = (x: Float64Array) => predictStored(stored, x, execution);
  const model = { targets: schema.targets, noiseVariance: stored.noiseVariance, interval };
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
  const outcome: PredictOutcome = {
    posterior: given.posterior,
    stored,
    schema,
    data: { source: table.source, rows: encoded.rows.length, dropped: table.rows - encoded.rows.length },
    backend: backend.name,
    scores: observed === undefined ? [] : scorePredictions(predictions, { observed, rows: encoded.rows, interval }),
    written: files.map(({ path }) => path),
    timeMs: performance.now() - startMs,
  };
  stdout.write(given.json ? `${JSON.stringify(predictJson(outcome))}\n` : `${predictReport(outcome).join('\n')}\n`);
  return 0;
};

interface PredictInputs {
  readonly stored: StoredPosterior;
  readonly schema: FeatureSchema;
  readonly table: Table;
  readonly encoded: EncodedInputs;
  readonly observed: readonly Float64Array[] | undefined;
}

async function prepare({ posterior, data, out, plot }: PredictArguments): Promise<PredictInputs> {
  if (out !== undefined) checkTablePath(out);
  if (plot !== undefined) checkPlotPath(plot);
  await checkOutputs(
    [out, plot].filter((path) => path !== undefined),
    [posterior, data],
  );
  const stored = await decodePosterior(await readInputFile(posterior), posterior);
  const { features: schema } = stored;
  if (schema === undefined) {
    throw new OptionError(
      `${posterior}: it does not say which columns it takes; expected a posterior from ntk adapt --save`,
    );
  }
  const table = await readTable(data);
  const encoded = encodeInputs(schema, table);
  checkNetworkFit(schema, networkSide(stored.network), table);
  const observed = observedTargets(schema, table);
  if (plot !== undefined && !isCurve(schema) && observed === undefined) {
    throw new OptionError(
      `--plot needs a single input, or the targets (${schema.targets.join(', ')}) in ${data}; leave --plot out`,
    );
  }
  return { stored, schema, table, encoded, observed };
}

async function predictRows(
  { stored, schema, table, encoded }: PredictInputs,
  execution: Execution,
  predict: (x: Float64Array) => Promise<Prediction>,
): Promise<Prediction> {
  const rows = { network: stored.network, schema, table, encoded };
  const prediction = await blamingRows(rows, execution, () => predict(encoded.x));
  checkFinite(rows, [prediction.mean, prediction.variance], execution);
  return prediction;
}

async function outputsOf({ network }: StoredPosterior, x: Float64Array, backend: Backend): Promise<Float64Array> {
  using outputs = await forward(network, x, { backend, dtype: backend.supports.float64 ? 'float64' : 'float32' });
  return Float64Array.from(await backend.read(outputs));
}
