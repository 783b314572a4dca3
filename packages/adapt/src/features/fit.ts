import { FormatError, OptionError, ShapeError } from '@ntk/tensor';
import { columnNamed, readCategoryColumn, readNumberColumn, type MissingPolicy } from './columns.ts';
import { didYouMean, listNames, quoted } from './names.ts';
import { resolveScaler, type InputScaler } from './scaler.ts';
import type { ArrayWidth, CategoryInput, FeatureSchema, NumberInput } from './schema.ts';
import type { Table } from './table.ts';

/** Where inputs and targets come from: one table, or two with as many rows in the same order. */
export interface ExampleTables {
  readonly inputs: Table;
  /** The same object as `inputs` where one table holds both. */
  readonly targets: Table;
}

/** How the columns of a table become network inputs. */
export interface FeatureOptions {
  /** Columns in the order of the network's inputs; all but the targets, in the order of the table, by default. */
  readonly inputs?: readonly string[];
  /** Columns that become one input a category, with their categories in order, or 'observed' for those in the data, sorted. */
  readonly oneHot?: Readonly<Record<string, readonly string[] | 'observed'>>;
  /** Default 'error'. */
  readonly missing?: MissingPolicy;
  /** Default: inputs as they stand in the table. */
  readonly scaler?: InputScaler;
}

/**
 * Learns from training data how tables become network inputs and targets: which columns, which categories, which means.
 *
 * @param targetNames - target columns in the order of the network's outputs; none where only inputs are wanted
 * @throws {OptionError} if a named column is absent, an input is also a target, or a category list is unusable
 * @throws {FormatError} if a cell is not a number where one is expected; it names file, row, column and remedy
 * @throws {ShapeError} if the two tables differ in rows
 */
export function fitFeatures(
  tables: ExampleTables,
  targetNames: readonly string[],
  options: FeatureOptions = {},
): FeatureSchema {
  const { missing = 'error' } = options;
  checkRows(tables);
  targetNames.forEach((name) => columnNamed(tables.targets, name));
  const names = chooseInputs(tables, targetNames, options);
  checkOneHot(names, options.oneHot ?? {});
  const inputs = names.map((name) => {
    const categories = own(options.oneHot, name);
    return categories === undefined
      ? fitNumber(tables.inputs, name, missing)
      : fitCategory(tables.inputs, name, { categories, missing });
  });
  const scaler = options.scaler === undefined ? null : resolveScaler(options.scaler, inputs);
  const arrays = arrayWidths(tables, names, targetNames);
  const schema = { version: 1, inputs, targets: [...targetNames], missing, scaler } as const;
  return arrays.length === 0 ? schema : { ...schema, arrays };
}

function arrayWidths(
  { inputs, targets }: ExampleTables,
  names: readonly string[],
  targetNames: readonly string[],
): ArrayWidth[] {
  return inputs.groups
    .filter(({ columns }) => columns.some((column) => names.includes(column)))
    .map(({ name, columns }) => {
      const last = columns.findLastIndex((column) => inputs !== targets || !targetNames.includes(column));
      return { name, columns: columns.length, withoutTargets: last + 1 };
    });
}

/**
 * Checks that two tables can hold the same examples.
 *
 * @throws {ShapeError} naming both and their rows
 */
export function checkRows({ inputs, targets }: ExampleTables): void {
  if (inputs.rows === targets.rows) return;
  throw new ShapeError(
    `${inputs.source} has ${inputs.rows} rows and ${targets.source} has ${targets.rows}; inputs and targets need as many, in the same order`,
  );
}

function chooseInputs(tables: ExampleTables, targetNames: readonly string[], { inputs }: FeatureOptions): string[] {
  const together = tables.inputs === tables.targets;
  if (inputs !== undefined) {
    for (const name of inputs) columnNamed(tables.inputs, name);
    const both = together ? inputs.find((name) => targetNames.includes(name)) : undefined;
    if (both !== undefined) {
      throw new OptionError(
        `column ${quoted(both)} is named as input and as target; leave it out of --inputs or of --target`,
      );
    }
    if (inputs.length === 0)
      throw new OptionError('got no input column, expected at least one; name some with --inputs');
    return [...inputs];
  }
  const rest = tables.inputs.columns.map(({ name }) => name).filter((name) => !together || !targetNames.includes(name));
  if (rest.length === 0) {
    throw new OptionError(
      `${tables.inputs.source}: all its columns (${listNames(targetNames)}) are targets and none is left as input; name fewer with --target`,
    );
  }
  return rest;
}

function checkOneHot(names: readonly string[], oneHot: Readonly<Record<string, readonly string[] | 'observed'>>): void {
  for (const [name, categories] of Object.entries(oneHot)) {
    if (!names.includes(name)) {
      throw new OptionError(
        `--one-hot names ${quoted(name)}${didYouMean(name, names)}, which is not an input; the inputs are ${listNames(names)}`,
      );
    }
    if (categories === 'observed') continue;
    const twice = categories.find((category, i) => categories.indexOf(category) !== i);
    if (twice !== undefined)
      throw new OptionError(`--one-hot ${name}: category ${quoted(twice)} comes twice; name it once`);
  }
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function fitNumber(table: Table, name: string, missing: MissingPolicy): NumberInput {
  const values = readNumberColumn(table, columnNamed(table, name), { missing, role: 'input' });
  const present = values.filter((value) => !Number.isNaN(value));
  if (present.length === 0) {
    throw new FormatError(
      `${table.source}, column '${name}': no cell holds a number; leave the column out with --inputs`,
    );
  }
  return { kind: 'number', name, mean: present.reduce((mean, value, i) => mean + (value - mean) / (i + 1), 0) };
}

function fitCategory(
  table: Table,
  name: string,
  { categories, missing }: { readonly categories: readonly string[] | 'observed'; readonly missing: MissingPolicy },
): CategoryInput {
  const column = columnNamed(table, name);
  const cells = readCategoryColumn(table, column, missing);
  const counts = new Map<string, number>(categories === 'observed' ? [] : categories.map((category) => [category, 0]));
  cells.forEach((category, row) => {
    if (category === undefined) return;
    if (categories !== 'observed' && !counts.has(category))
      throw unseenCategory(table, { row, column: name, category, known: categories });
    counts.set(category, (counts.get(category) ?? 0) + 1);
  });
  const ordered = categories === 'observed' ? sortCategories([...counts.keys()]) : categories;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    throw new FormatError(`${table.source}, column '${name}': every cell is empty; leave the column out with --inputs`);
  }
  return {
    kind: 'category',
    name,
    categories: ordered,
    frequencies: ordered.map((category) => counts.get(category)! / total),
  };
}

/** The error for a category that the network has no input for. */
export function unseenCategory(
  table: Table,
  {
    row,
    column,
    category,
    known,
  }: { readonly row: number; readonly column: string; readonly category: string; readonly known: readonly string[] },
): FormatError {
  return new FormatError(
    `${table.source}, ${table.describeRow(row)}, column '${column}': category ${quoted(category)} is not among those that the inputs were set up with (${listNames(known)})${didYouMean(category, known)}; correct or remove the row`,
  );
}

/** Numerically where all categories are numbers, else by code unit: the same order on every machine. */
function sortCategories(categories: readonly string[]): string[] {
  const numeric = categories.every((category) => Number.isFinite(Number(category)));
  return [...categories].sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || (a < b ? -1 : a > b ? 1 : 0));
}
