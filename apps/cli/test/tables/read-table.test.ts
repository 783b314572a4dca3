import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJsonFile } from '../../src/tables/input-file.ts';
import { readTable } from '../../src/tables/read-table.ts';
import { encodeTable } from '../../src/tables/write-table.ts';
import { fixture } from './fixture.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntk-tables-'));
});
afterAll(() => rm(folder, { recursive: true }));

const names = ({ columns }: { readonly columns: readonly { readonly name: string }[] }) =>
  columns.map(({ name }) => name);

describe('tables of arrays', () => {
  test('an array has columns 0, 1, …', async () => {
    const table = await readTable(fixture('fortran.npy'));
    expect(names(table)).toEqual(['0', '1', '2']);
    expect(Array.from(table.columns[1]!.cells)).toEqual([2, 5]);
    expect(table.describeRow(1)).toBe('row 2 (index 1)');
  });

  test('a vector is one column, further axes are flattened', async () => {
    expect(names(await readTable(fixture('vector.npy')))).toEqual(['0']);
    const table = await readTable(fixture('fortran-3d.npy'));
    expect(table.columns).toHaveLength(12);
    expect(table.groups[0]).toMatchObject({ rowShape: [3, 4] });
    expect(table.columns[5]!.cells[1]).toBe(17);
  });

  test('an archive has named columns', async () => {
    const table = await readTable(fixture('deflated.npz'));
    expect(names(table)).toEqual(['x_0', 'x_1', 'x_2', 'y']);
    expect(table.groups.map(({ name, columns }) => [name, columns.length])).toEqual([
      ['x', 3],
      ['y', 1],
    ]);
  });

  test.each([
    ['scalar.npy', /shape \(\), expected at least one row/],
    ['empty.npy', /shape \(0, 3\), expected at least one row/],
    ['uneven.npz', /column 'x_0' has 2 rows and column 'y' has 3/],
  ])('%s is refused', async (name, message) => {
    await expect(readTable(fixture(name))).rejects.toThrow(message);
  });
});

describe('paths', () => {
  test('upper-case endings are known', async () => {
    const path = join(folder, 'A.CSV');
    await writeFile(path, encodeTable(path, [{ name: 'a', values: [1] }]));
    expect((await readTable(path)).source).toBe(path);
  });

  test.each([
    ['A.csw', /expected a file ending in \.csv, \.npy, \.npz|there is no file/],
    ['B.csv', /there is no file '.*B\.csv' \(did you mean '.*A\.CSV'\?\); check the path/],
    ['nowhere/data.csv', /there is no file '.*data\.csv'; check the path/],
    ['A.CSV/data.csv', /there is no file/],
    ['folder', /is a directory, and folders of images are not available yet: this version reads \.csv, \.npy, \.npz/],
    ['folder.csv', /is a directory, expected a file/],
    ['table.xlsx', /cannot read tables of this kind, expected a file ending in/],
  ])('%s is refused', async (name, message) => {
    await mkdir(join(folder, 'folder'), { recursive: true });
    await mkdir(join(folder, 'folder.csv'), { recursive: true });
    await writeFile(join(folder, 'table.xlsx'), 'PK');
    await expect(readTable(join(folder, name))).rejects.toThrow(message);
  });

  test('broken JSON is refused', async () => {
    const path = join(folder, 'scaler.json');
    await writeFile(path, '{"mean": ');
    await expect(readJsonFile(path)).rejects.toThrow(/scaler\.json: not valid JSON \(.+\); correct the file/);
  });

  test('an ending that cannot be written is refused', () => {
    expect(() => encodeTable('out.txt', [])).toThrow(
      /cannot write a table of this kind, expected a name ending in \.csv/,
    );
  });

  test.each(['t.npy', 't.npz'])('what is written to %s reads back', async (name) => {
    const path = join(folder, name);
    await writeFile(
      path,
      encodeTable(path, [
        { name: 'a', values: [1, 2] },
        { name: 'b', values: [0.1, Number.NaN] },
      ]),
    );
    const table = await readTable(path);
    expect(table.columns.map(({ cells }) => Array.from(cells))).toEqual([
      [1, 2],
      [0.1, Number.NaN],
    ]);
  });
});
