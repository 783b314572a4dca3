import { FormatError, OptionError, ShapeError } from '@ntk/tensor';
import { columnNamed, readCategoryColumn, readNumberColumn } from './columns.ts';
import { checkRows, unseenCategory, type ExampleTables } from './fit.ts';
import { didYouMean, listNames, quoted } from './names.ts';
import type { CategoryInput, FeatureSchema } from './schema.ts';
import type { Table } from './table.ts';

/** Network inputs from a table. */
export interface EncodedInputs {
  /** [rows.length, width], row-major; owned by the caller. */
  readonly x: Float64Array;
  readonly width: number;
  /** Which rows of the table these are, ascending: all, unless the policy 'drop' left some out. */
  readonly rows: readonly number[];
}

/** Network inputs and targets. */
export interface EncodedExamples extends EncodedInputs {
  /** [rows.length, targets], row-major, in the units of the table; owned by the caller. */
  readonly y: Float64Array;
}

/**
 * Turns a table into network inputs; columns are found by name, in any order, and further columns are ignored.
 *
 * @throws {OptionError} if a column is absent
 * @throws {ShapeError} if an array has other columns than that of the training data
 * @throws {FormatError} naming file, row, column and remedy, if a cell does not fit its column
 */
export function encodeInputs(schema: FeatureSchema, table: Table): EncodedInputs {
  checkColumns(schema, table);
  const features = readInputs(schema, table);
  return gather(table, features, completeRows(features, schema));
}

/**
 * Turns tables into network inputs and targets. Under the policy 'drop' a row is left out if an input or a target is missing.
 *
 * @throws {ShapeError} if the two tables differ in rows
 * @throws {OptionError | FormatError} as `encodeInputs`
 */
export function encodeExamples(schema: FeatureSchema, tables: ExampleTables): EncodedExamples {
  checkRows(tables);
  checkColumns(schema, tables.inputs);
  const features = readInputs(schema, tables.inputs);
  const targets = readTargets(schema, tables.targets);
  const complete = completeRows(features, schema);
  const rows = complete.filter((row) => targets.every((target) => !Number.isNaN(target[row])));
  const y = new Float64Array(rows.length * targets.length);
  rows.forEach((row, i) => targets.forEach((target, j) => (y[i * targets.length + j] = target[row]!)));
  return { ...gather(tables.inputs, features, rows), y };
}

/**
 * The target columns of a table, one array each with one entry a row; NaN marks a missing cell, which only the policy 'drop'
 * lets through.
 *
 * @throws {OptionError | FormatError} if a column is absent, or a cell is not a number
 */
export function readTargets(schema: Pick<FeatureSchema, 'targets' | 'missing'>, table: Table): Float64Array[] {
  return schema.targets.map((name) =>
    readNumberColumn(table, columnNamed(table, name), { missing: schema.missing, role: 'target' }),
  );
}

/**
 * Whether a table has all target columns, so that predictions for it can be scored. A target that goes by the name of an input came
 * from a table of its own, as those of arrays do, and a column of that name is the input.
 */
export function hasTargets({ inputs, targets }: Pick<FeatureSchema, 'inputs' | 'targets'>, table: Table): boolean {
  const present = new Set(table.columns.map(({ name }) => name));
  return targets.every((target) => present.has(target) && !inputs.some(({ name }) => name === target));
}

function checkColumns(schema: FeatureSchema, table: Table): void {
  checkArrays(schema, table);
  const present = new Set(table.columns.map(({ name }) => name));
  const absent = schema.inputs.map(({ name }) => name).filter((name) => !present.has(name));
  if (absent.length === 0) return;
  const there = table.columns.map(({ name }) => name);
  const which =
    absent.length === 1
      ? `there is no column ${quoted(absent[0]!)}${didYouMean(absent[0]!, there)}, which the network's inputs need`
      : `there are no columns ${listNames(absent)}, which the network's inputs need`;
  throw new OptionError(`${table.source}: ${which}; its columns are ${listNames(there)}`);
}

/** A column of an array has no name of its own: one too many would shift the others unseen. */
function checkArrays({ arrays = [] }: FeatureSchema, table: Table): void {
  for (const { name, columns, withoutTargets } of arrays) {
    const got = table.groups.find((group) => group.name === name)?.columns.length;
    if (got === undefined || got === columns || got === withoutTargets) continue;
    const which = name === '' ? table.source : `${table.source}, array '${name}'`;
    const without = withoutTargets === columns ? '' : ` (${withoutTargets} without the targets)`;
    throw new ShapeError(
      `${which}: each row has ${got} columns and those of the training data have ${columns}${without}, and columns go by their place; give the same ones in the same order`,
    );
  }
}

/** One array a network input, with one entry a row: unscaled, NaN where missing. */
function readInputs(schema: FeatureSchema, table: Table): Float64Array[] {
  const columns = schema.inputs.flatMap((input) =>
    input.kind === 'number' ? [readFilled(schema, table, input)] : readOneHot(schema, table, input),
  );
  const { scaler } = schema;
  if (scaler !== null) {
    columns.forEach((column, i) =>
      column.forEach((value, row) => (column[row] = (value - scaler.mean[i]!) / scaler.scale[i]!)),
    );
  }
  return columns;
}

function readFilled(
  schema: FeatureSchema,
  table: Table,
  { name, mean }: { readonly name: string; readonly mean: number },
): Float64Array {
  const { missing } = schema;
  const values = readNumberColumn(table, columnNamed(table, name), { missing, role: 'input' });
  return missing === 'mean' ? values.map((value) => (Number.isNaN(value) ? mean : value)) : values;
}

function readOneHot({ missing }: FeatureSchema, table: Table, input: CategoryInput): Float64Array[] {
  const { name, categories, frequencies } = input;
  const index = new Map(categories.map((category, i) => [category, i]));
  const columns = categories.map(() => new Float64Array(table.rows));
  readCategoryColumn(table, columnNamed(table, name), missing).forEach((category, row) => {
    if (category === undefined) {
      columns.forEach((column, i) => (column[row] = missing === 'mean' ? frequencies[i]! : Number.NaN));
      return;
    }
    const position = index.get(category);
    if (position === undefined) throw unseenCategory(table, { row, column: name, category, known: categories });
    columns[position]![row] = 1;
  });
  return columns;
}

function completeRows(features: readonly Float64Array[], { missing }: FeatureSchema): number[] {
  const rows = Array.from(features[0]!.keys());
  return missing === 'drop' ? rows.filter((row) => features.every((feature) => !Number.isNaN(feature[row]))) : rows;
}

function gather(table: Table, features: readonly Float64Array[], rows: readonly number[]): EncodedInputs {
  if (rows.length === 0) {
    throw new FormatError(
      `${table.source}: every row has a missing cell, and --missing drop leaves none; fill some in, or name fewer columns with --inputs`,
    );
  }
  const width = features.length;
  const x = new Float64Array(rows.length * width);
  features.forEach((feature, j) => rows.forEach((row, i) => (x[i * width + j] = feature[row]!)));
  return { x, width, rows };
}
