import { openPosterior, shiftNetwork, type OpenOptions, type Prediction } from '@ntk/adapt';
import { formatLayersModel, writeLayersModel } from '@ntk/models';
import { OptionError, forward, type Network } from '@ntk/tensor';
import { readdir, stat } from 'node:fs/promises';
import type { ExportArguments } from '../arguments/export-command.ts';
import type { Action } from '../main.ts';
import { blamingRows, checkFinite, dtypeOn, type Execution } from '../network/blame-rows.ts';
import { chooseBackend } from '../network/choose-backend.ts';
import { discrepancy, type Discrepancy } from '../posterior/discrepancy.ts';
import { exportArrays } from '../posterior/export-arrays.ts';
import { prepareRows, type PosteriorRows } from '../posterior/prepare-rows.ts';
import { exportJson, exportReport } from '../report/export-report.ts';
import { encodeNpz } from '../tables/npz.ts';
import { writeOutputs } from '../tables/outputs.ts';

/** ntk export: writes a posterior in the formats of other software. */
export const exportAction: Action<ExportArguments> = async (given, { stdout, stderr }) => {
  const startMs = performance.now();
  const { model, arrays } = given;
  await checkRequest(given);
  const inputs = await prepareRows({ ...given, outputs: [arrays] });
  const shifted = model === undefined ? undefined : shiftNetwork(inputs.stored);
  // Whether it can be written is known before anything is computed.
  if (shifted !== undefined) formatLayersModel(shifted);
  const backend = await chooseBackend(given, { stderr });
  const execution = { backend, dtype: dtypeOn(backend, given.dtype), memory: given.memory };
  const prediction = await predict(inputs, execution);
  const apart = shifted === undefined ? undefined : await compare(shifted, inputs, { prediction, execution });
  if (arrays !== undefined) {
    const content = encodeNpz(await exportArrays(inputs.stored, inputs.encoded.x, { prediction, execution }));
    await writeOutputs([{ path: arrays, content }]);
  }
  if (shifted !== undefined) await writeLayersModel(shifted, model!);
  const { stored, table, encoded } = inputs;
  const outcome = {
    posterior: given.posterior,
    stored,
    data: { source: table.source, rows: encoded.rows.length },
    discrepancy: apart,
    backend: backend.name,
    written: [model, arrays].filter((path) => path !== undefined),
    timeMs: performance.now() - startMs,
  };
  stdout.write(given.json ? `${JSON.stringify(exportJson(outcome))}\n` : `${exportReport(outcome).join('\n')}\n`);
  return 0;
};

async function checkRequest({ model, arrays }: ExportArguments): Promise<void> {
  if (model === undefined && arrays === undefined)
    throw new OptionError('ntk export: got nothing to write; name a directory with --model, or a file with --arrays');
  if (arrays !== undefined && !arrays.toLowerCase().endsWith('.npz'))
    throw new OptionError(`--arrays: got ${arrays}, expected a name ending in .npz`);
  if (model !== undefined) await checkDirectory(model);
}

async function checkDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory())
    throw new OptionError(`--model: ${path} is a file, expected a directory for the model; name a new one`);
  if ((await readdir(path)).length > 0)
    throw new OptionError(`--model: the directory ${path} is not empty; name a new one, so that nothing is replaced`);
}

async function predict(
  { stored, schema, table, encoded }: PosteriorRows,
  execution: Execution & OpenOptions,
): Promise<Prediction> {
  const rows = { network: stored.network, schema, table, encoded };
  using open = await openPosterior(stored, execution);
  const prediction = await blamingRows(rows, execution, () => open.predict(encoded.x));
  checkFinite(
    rows,
    stored.variance.kind === 'none' ? [prediction.mean] : [prediction.mean, prediction.variance],
    execution,
  );
  return prediction;
}

async function compare(
  shifted: Network,
  { stored, encoded }: PosteriorRows,
  { prediction, execution }: { readonly prediction: Prediction; readonly execution: Execution },
): Promise<Discrepancy> {
  const outputsOf = async (network: Network): Promise<Float64Array> => {
    using outputs = await forward(network, encoded.x, execution);
    return Float64Array.from(await execution.backend.read(outputs));
  };
  return discrepancy(await outputsOf(shifted), prediction.mean, await outputsOf(stored.network));
}
