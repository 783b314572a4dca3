import type { Table } from '@ntk/adapt';
import { UnsupportedError } from '@ntk/tensor';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { archiveTable, arrayTable } from './array-table.ts';
import { parseCsv } from './csv.ts';
import { readInputFile } from './input-file.ts';
import { decodeNpy } from './npy.ts';
import { decodeNpz } from './npz.ts';

/** The endings of files that hold tables. */
export const TABLE_ENDINGS: readonly string[] = ['.csv', '.npy', '.npz'];

/** Whether a name ends as a table file does. */
export function isTablePath(name: string): boolean {
  return TABLE_ENDINGS.includes(extname(name).toLowerCase());
}

/**
 * Reads a table from a .csv, .npy or .npz file.
 *
 * @throws {OptionError} if the file is not there or can't be read
 * @throws {UnsupportedError} if its ending is another, or an array is not numeric
 * @throws {FormatError | ShapeError} if its content is not a table; it names file, row, column and remedy
 */
export async function readTable(path: string): Promise<Table> {
  if (!isTablePath(path)) throw await wrongEnding(path);
  const bytes = await readInputFile(path);
  switch (extname(path).toLowerCase()) {
    case '.npy':
      return arrayTable(decodeNpy(bytes, path), path);
    case '.npz':
      return archiveTable(decodeNpz(bytes, path), path);
    default:
      return parseCsv(bytes, path);
  }
}

async function wrongEnding(path: string): Promise<Error> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory()) {
    return new UnsupportedError(
      `${path} is a directory, and folders of images are not available yet: this version reads ${TABLE_ENDINGS.join(', ')} files`,
    );
  }
  if (status === undefined) await readInputFile(path);
  return new UnsupportedError(
    `${path}: cannot read tables of this kind, expected a file ending in ${TABLE_ENDINGS.join(', ')}`,
  );
}
