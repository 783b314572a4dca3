import { FormatError, ShapeError } from '@ntk/tensor';
import { listNames } from './names.ts';

/** A cell as it stands in a file: text, or a number of an array. */
export type Cell = string | number;

/** One column of a table. */
export interface Column {
  /** Unique within its table; columns of arrays are named 0, 1, …. */
  readonly name: string;
  readonly cells: ArrayLike<Cell>;
}

/** Columns that came as one array, and go by its name together. */
export interface ColumnGroup {
  readonly name: string;
  readonly columns: readonly string[];
  /** Shape of one row of the array; the columns are its flat positions, row-major. */
  readonly rowShape: readonly number[];
}

/** Columns of equal length, independent of the file they came from. */
export interface Table {
  /** What messages call it: the path of the file. */
  readonly source: string;
  readonly rows: number;
  readonly columns: readonly Column[];
  readonly groups: readonly ColumnGroup[];
  /** How messages name a row, counted from 0 here: 'line 6 (row 5)'. */
  describeRow(row: number): string;
}

/** What `makeTable` needs. */
export interface TableParts {
  readonly source: string;
  readonly columns: readonly Column[];
  readonly groups?: readonly ColumnGroup[];
  /** Default: 'row 5', counted from 1. */
  readonly describeRow?: (row: number) => string;
}

/**
 * A table from columns; the cells are kept, not copied.
 *
 * @throws {FormatError} if there are no columns or no rows, or two columns have one name
 * @throws {ShapeError} if columns differ in length
 */
export function makeTable(parts: TableParts): Table {
  const { source, columns, groups = [], describeRow = (row: number) => `row ${row + 1}` } = parts;
  const [first] = columns;
  if (first === undefined) throw new FormatError(`${source}: the table has no columns; give at least one`);
  checkNames(source, columns);
  for (const { name, cells } of columns) {
    if (cells.length === first.cells.length) continue;
    throw new ShapeError(
      `${source}: column '${first.name}' has ${first.cells.length} rows and column '${name}' has ${cells.length}; all columns of a table need as many`,
    );
  }
  if (first.cells.length === 0) {
    throw new FormatError(
      `${source}: the table has no rows (its columns are ${listNames(columns.map(({ name }) => name))}); give at least one row of data`,
    );
  }
  return { source, columns, rows: first.cells.length, groups, describeRow };
}

function checkNames(source: string, columns: readonly Column[]): void {
  const position = new Map<string, number>();
  columns.forEach(({ name }, i) => {
    const earlier = position.get(name);
    if (earlier !== undefined) {
      throw new FormatError(
        `${source}: two columns are called '${name}' (columns ${earlier + 1} and ${i + 1}); rename or remove one`,
      );
    }
    position.set(name, i);
  });
}
