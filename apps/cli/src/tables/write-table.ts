import { OptionError } from '@ntk/tensor';
import { stringify } from 'csv-stringify/sync';
import { extname } from 'node:path';
import { encodeNpy } from './npy.ts';
import { encodeNpz } from './npz.ts';
import { TABLE_ENDINGS, isTablePath } from './read-table.ts';

/** A column of numbers to write; NaN marks a cell without a value. */
export interface NumberColumn {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

/** A column of text, which says what the rows are; only CSV has it. */
export interface LabelColumn {
  readonly name: string;
  readonly cells: readonly string[];
}

/**
 * The content of a file for columns of equal length, in the format that the path's ending names: .csv with a header, numbers
 * in their shortest form that reads back as the same double, and empty cells for NaN; .npy as one array [rows, columns]; .npz
 * with one array a column.
 *
 * @throws {OptionError} if the ending is another
 */
export function encodeTable(
  path: string,
  columns: readonly NumberColumn[],
  labels: readonly LabelColumn[] = [],
): Uint8Array | string {
  checkTablePath(path);
  switch (extname(path).toLowerCase()) {
    case '.npy':
      return encodeNpy(toMatrix(columns));
    case '.npz':
      return encodeNpz(
        new Map(columns.map(({ name, values }) => [name, { shape: [values.length], data: Float64Array.from(values) }])),
      );
    default:
      return toCsv(columns, labels);
  }
}

/**
 * Checks that a table can be written to a path of this ending.
 *
 * @throws {OptionError} if not
 */
export function checkTablePath(path: string): void {
  if (isTablePath(path)) return;
  throw new OptionError(
    `${path}: cannot write a table of this kind, expected a name ending in ${TABLE_ENDINGS.join(', ')}`,
  );
}

function toMatrix(columns: readonly NumberColumn[]): { shape: number[]; data: Float64Array } {
  const rows = columns[0]?.values.length ?? 0;
  const data = new Float64Array(rows * columns.length);
  columns.forEach(({ values }, j) => {
    for (let i = 0; i < rows; i++) data[i * columns.length + j] = values[i]!;
  });
  return { shape: [rows, columns.length], data };
}

function toCsv(columns: readonly NumberColumn[], labels: readonly LabelColumn[]): string {
  const rows = Array.from({ length: columns[0]?.values.length ?? 0 }, (_, row) => [
    ...labels.map(({ cells }) => cells[row]!),
    ...columns.map(({ values }) => decimal(values[row]!)),
  ]);
  return stringify([[...labels, ...columns].map(({ name }) => name), ...rows]);
}

function decimal(value: number): string {
  if (Number.isNaN(value)) return '';
  return Object.is(value, -0) ? '-0' : String(value);
}
