import {
  expandNames,
  fitFeatures,
  parseInputScaler,
  type ExampleTables,
  type FeatureOptions,
  type FeatureSchema,
  type Table,
} from '@ntk/adapt';
import { OptionError } from '@ntk/tensor';
import type { FeatureArguments } from '../arguments/data-options.ts';
import { readJsonFile } from '../tables/input-file.ts';
import { isTablePath, readTable } from '../tables/read-table.ts';
import { oneHotColumns } from './one-hot.ts';

/** Labelled data and how they become network inputs. */
export interface LabelledData {
  readonly tables: ExampleTables;
  readonly schema: FeatureSchema;
}

/** Which data to load: files, and the options for their columns. */
export interface DataRequest extends FeatureArguments {
  readonly data: string;
  readonly target: readonly string[];
}

/**
 * Reads the tables of inputs and targets, and fits the features to them.
 *
 * @throws {OptionError | FormatError | ShapeError | UnsupportedError} in one sentence with file, row, column and remedy
 */
export async function loadLabelledData(request: DataRequest): Promise<LabelledData> {
  const inputs = await readTable(request.data);
  const { targets, targetNames } = await readTargetTable(inputs, request.target);
  const tables = { inputs, targets };
  return { tables, schema: fitFeatures(tables, targetNames, await featureOptions(inputs, request)) };
}

/**
 * The options of features for a table, with names expanded and the scaler read.
 *
 * @throws {OptionError | FormatError} if a column is absent, or the scaler file is unusable
 */
export async function featureOptions(table: Table, request: FeatureArguments): Promise<FeatureOptions> {
  const { inputs, oneHot, missing, inputScaler } = request;
  return {
    missing,
    ...(inputs === undefined ? {} : { inputs: expandNames(table, inputs) }),
    ...(oneHot === undefined ? {} : { oneHot: oneHotColumns(table, oneHot) }),
    ...(inputScaler === undefined ? {} : { scaler: parseInputScaler(await readJsonFile(inputScaler), inputScaler) }),
  };
}

/** Files that a request for data reads, so that no output replaces one. */
export function inputFiles({ data, target, inputScaler }: Omit<DataRequest, 'missing'>): string[] {
  return [data, ...target.filter(isTablePath), ...(inputScaler === undefined ? [] : [inputScaler])];
}

async function readTargetTable(
  inputs: Table,
  entries: readonly string[],
): Promise<{ targets: Table; targetNames: string[] }> {
  const named = (name: string) => inputs.columns.some((column) => column.name === name);
  const [path] = entries.filter((entry) => isTablePath(entry) && !named(entry));
  if (path === undefined) return { targets: inputs, targetNames: expandNames(inputs, entries) };
  if (entries.length > 1) {
    throw new OptionError(`--target: got ${entries.join(' and ')}, expected one file of targets, or names of columns`);
  }
  const targets = await readTable(path);
  return { targets, targetNames: targets.columns.map(({ name }) => name) };
}
