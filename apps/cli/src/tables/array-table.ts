import { makeTable, type Column, type ColumnGroup, type Table } from '@ntk/adapt';
import { FormatError } from '@ntk/tensor';
import type { NumericArray } from './npy.ts';

/**
 * The table of a single array: rows along its first axis, columns named 0, 1, … by their place in a row.
 *
 * @throws {FormatError} if it has no rows or no columns
 */
export function arrayTable(array: NumericArray, source: string): Table {
  const part = splitColumns(array, { source, columnName: (column) => String(column) });
  return makeTable({ source, columns: part.columns, groups: [{ ...part.group, name: '' }], describeRow });
}

/**
 * The table of named arrays with as many rows each: an array of one column goes by its name, the columns of a larger one
 * are called name_0, name_1, …, and the name stands for all of them.
 *
 * @throws {FormatError | ShapeError} if an array is empty, rows differ, or two columns get one name
 */
export function archiveTable(arrays: ReadonlyMap<string, NumericArray>, source: string): Table {
  const parts = [...arrays].map(([name, array]) => {
    const columnName = (column: number, width: number) => (width === 1 ? name : `${name}_${column}`);
    const { columns, group } = splitColumns(array, { source: `${source}, array '${name}'`, columnName });
    return { columns, group: { ...group, name } };
  });
  return makeTable({
    source,
    columns: parts.flatMap(({ columns }) => columns),
    groups: parts.map(({ group }) => group),
    describeRow,
  });
}

function describeRow(row: number): string {
  return `row ${row + 1} (index ${row})`;
}

interface Split {
  readonly columns: readonly Column[];
  readonly group: Omit<ColumnGroup, 'name'>;
}

function splitColumns(
  { shape, data }: NumericArray,
  options: { readonly source: string; readonly columnName: (column: number, width: number) => string },
): Split {
  const [rows, ...rowShape] = shape;
  if (rows === undefined || data.length === 0) {
    throw new FormatError(
      `${options.source}: got an array of shape (${shape.join(', ')}), expected at least one row and one column along the first two axes`,
    );
  }
  const width = data.length / rows;
  const columns = Array.from({ length: width }, (_, column) => ({
    name: options.columnName(column, width),
    cells: Float64Array.from({ length: rows }, (_, row) => data[row * width + column]!),
  }));
  return { columns, group: { columns: columns.map(({ name }) => name), rowShape } };
}
