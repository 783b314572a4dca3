import { FormatError, OptionError } from '@ntk/tensor';
import { readCategory, readNumber } from './cell.ts';
import { didYouMean, listNames, quoted } from './names.ts';
import type { Column, Table } from './table.ts';

/** What happens to a row with a missing cell: an error, the row is left out, or the mean of the training data stands in. */
export type MissingPolicy = 'error' | 'drop' | 'mean';

/**
 * The column of that name.
 *
 * @throws {OptionError} naming the columns there are
 */
export function columnNamed(table: Table, name: string): Column {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  const names = table.columns.map((candidate) => candidate.name);
  throw new OptionError(
    `${table.source}: there is no column ${quoted(name)}${didYouMean(name, names)}; its columns are ${listNames(names)}`,
  );
}

/**
 * Column names from lists as a user writes them: each entry is a column, a group of columns, or several of either
 * separated by commas.
 *
 * @throws {OptionError} if a name is not there or comes twice
 */
export function expandNames(table: Table, entries: readonly string[]): string[] {
  const known = new Set(table.columns.map(({ name }) => name));
  const expand = (name: string): readonly string[] =>
    known.has(name) ? [name] : (table.groups.find((group) => group.name === name)?.columns ?? []);
  const names = entries.flatMap((entry) => {
    const whole = expand(entry);
    if (whole.length > 0) return whole;
    return entry.split(',').flatMap((part) => {
      const found = expand(part.trim());
      return found.length > 0 ? found : [columnNamed(table, part.trim()).name];
    });
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new OptionError(`${table.source}: column ${quoted(twice)} is named twice; name it once`);
  return names;
}

/** How a number column is read. */
export interface NumberReading {
  readonly missing: MissingPolicy;
  readonly role: 'input' | 'target';
}

/**
 * A number column as doubles; NaN marks a missing cell, which only the policies 'drop' and 'mean' let through, and 'mean'
 * only in an input.
 *
 * @throws {FormatError} naming file, row, column and remedy
 */
export function readNumberColumn(table: Table, column: Column, { missing, role }: NumberReading): Float64Array {
  const values = new Float64Array(table.rows);
  for (let row = 0; row < table.rows; row++) {
    const reading = readNumber(column.cells[row]!);
    if (reading.kind === 'number') {
      values[row] = reading.value;
    } else if (reading.kind === 'missing' && (missing === 'drop' || (missing === 'mean' && role === 'input'))) {
      values[row] = Number.NaN;
    } else {
      const place = `${table.source}, ${table.describeRow(row)}, column '${column.name}'`;
      throw new FormatError(`${place}: ${reading.got}, expected a number; ${remedy(reading, column.name, role)}`);
    }
  }
  return values;
}

type Problem = Exclude<ReturnType<typeof readNumber>, { kind: 'number' }>;

function remedy({ kind, got }: Problem, name: string, role: NumberReading['role']): string {
  switch (kind) {
    case 'missing':
      return role === 'input'
        ? 'fill it in, or use --missing drop or --missing mean'
        : 'fill it in, or use --missing drop to leave such rows out';
    case 'infinite':
      return 'correct the cell or remove the row';
    case 'text':
      if (/'[+-]?\d+,\d+'/.test(got)) return 'write decimals with a point';
      return role === 'input'
        ? `correct the cell, or use --one-hot ${name} for categories, or leave the column out with --inputs`
        : 'correct the cell, or choose a numeric column with --target';
  }
}

/** The categories of a column's rows; undefined marks a missing cell, which only the policies 'drop' and 'mean' let through. */
export function readCategoryColumn(table: Table, column: Column, missing: MissingPolicy): (string | undefined)[] {
  return Array.from({ length: table.rows }, (_, row) => {
    const category = readCategory(column.cells[row]!);
    if (category === undefined && missing === 'error') {
      const place = `${table.source}, ${table.describeRow(row)}, column '${column.name}'`;
      throw new FormatError(
        `${place}: the cell is empty, expected a category; fill it in, or use --missing drop or --missing mean`,
      );
    }
    return category;
  });
}
