import {
  checkNetworkFit,
  encodeExamples,
  encodeInputs,
  type EncodedExamples,
  type EncodedInputs,
  type Table,
} from '@ntk/adapt';
import { readModel } from '@ntk/models';
import { OptionError, type Network } from '@ntk/tensor';
import type { AdaptArguments } from '../arguments/adapt-command.ts';
import { readModelOptions } from '../arguments/model-options.ts';
import { inputFiles, loadLabelledData, type LabelledData } from '../data/load-data.ts';
import { checkLayers } from '../network/check-layers.ts';
import { networkSide } from '../network/network-side.ts';
import { checkPlotPath } from '../plot/plot-path.ts';
import { observedTargets } from '../predictions/score-predictions.ts';
import { counted } from '../report/counted.ts';
import { checkOutputs } from '../tables/outputs.ts';
import { readTable } from '../tables/read-table.ts';
import { checkTablePath } from '../tables/write-table.ts';

/** All that `ntk adapt` reads, checked and encoded. */
export interface AdaptInputs extends LabelledData {
  readonly network: Network;
  readonly examples: EncodedExamples;
  /** Rows to predict: of the test table, or of the data. */
  readonly test: {
    readonly table: Table;
    readonly encoded: EncodedInputs;
    /** Targets to score, where a test table has them. */
    readonly observed: readonly Float64Array[] | undefined;
  };
}

/**
 * Reads and checks everything before anything is computed.
 *
 * @throws {OptionError | FormatError | ShapeError | UnsupportedError} in one sentence
 */
export async function prepareAdapt(given: AdaptArguments): Promise<AdaptInputs> {
  const { model, out, plot, plotEvidence, save, test } = given;
  if (out !== undefined) checkTablePath(out);
  if (plot !== undefined) checkPlotPath(plot);
  if (plotEvidence !== undefined) checkEvidence(plotEvidence, given);
  if (save !== undefined) checkPosteriorPath(save);
  const outputs = [out, plot, plotEvidence, save].filter((path) => path !== undefined);
  await checkOutputs(outputs, [model, ...inputFiles(given), ...(test === undefined ? [] : [test])]);
  const network = await readModel(model, readModelOptions(given));
  checkLayers(network, given.layers);
  const labelled = await loadLabelledData(given);
  const { schema, tables } = labelled;
  checkNetworkFit(schema, networkSide(network), tables.inputs);
  const examples = encodeExamples(schema, tables);
  checkEnough(given, labelled, examples.rows.length);
  const table = test === undefined ? tables.inputs : await readTable(test);
  const encoded = encodeInputs(schema, table);
  const observed = test === undefined ? undefined : observedTargets(schema, table);
  return { ...labelled, network, examples, test: { table, encoded, observed } };
}

/** Each variance that is learned takes a row, and so does the constant of each output. */
function checkEnough(
  { noise, priorVariance, mean }: AdaptArguments,
  { schema, tables }: LabelledData,
  n: number,
): void {
  const learned = [noise, priorVariance].filter((variance) => variance === 'learn').length;
  const c = schema.targets.length;
  if (learned === 0 || n * c >= learned + (mean === 'constant' ? c : 0)) return;
  throw new OptionError(
    `${tables.inputs.source}: ${counted(n, 'row')} of data ${n === 1 ? 'is' : 'are'} too few to learn the variances from; give more rows, or both --noise and --prior-variance`,
  );
}

/**
 * Checks the name of a posterior's file.
 *
 * @throws {OptionError} if it does not end in .ntk
 */
export function checkPosteriorPath(path: string): void {
  if (path.toLowerCase().endsWith('.ntk')) return;
  throw new OptionError(`${path}: a posterior is a .ntk file; expected a name ending in .ntk`);
}

function checkEvidence(path: string, { noise, priorVariance }: Pick<AdaptArguments, 'noise' | 'priorVariance'>): void {
  checkPlotPath(path);
  if (noise === 'learn' || (typeof noise === 'number' && priorVariance === 'learn')) return;
  throw new OptionError(
    '--plot-evidence shows where prior and noise variance were looked for, one of each; let one of them be learned, with one noise for all targets',
  );
}
