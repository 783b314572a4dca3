import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkOutputs, writeOutputs } from '../../src/tables/outputs.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntk-outputs-'));
});
afterEach(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

test('files appear whole and replace older ones', async () => {
  await writeFile(at('a.csv'), 'old');
  await writeOutputs([
    { path: at('a.csv'), content: 'new' },
    { path: at('b.npy'), content: new Uint8Array([1, 2]) },
  ]);
  expect(await readFile(at('a.csv'), 'utf8')).toBe('new');
  expect((await readdir(folder)).sort()).toEqual(['a.csv', 'b.npy']);
});

test('if one cannot be written, none appears and nothing is left behind', async () => {
  await expect(
    writeOutputs([
      { path: at('a.csv'), content: 'a' },
      { path: at('nowhere/b.csv'), content: 'b' },
    ]),
  ).rejects.toThrow(/cannot write .*a\.csv, .*b\.csv: ENOENT/);
  expect(await readdir(folder)).toEqual([]);
});

test('if one cannot be moved to its place, those before it are undone', async () => {
  await writeFile(at('a.csv'), 'old');
  await mkdir(at('c.csv/full'), { recursive: true });
  const files = ['a.csv', 'b.csv', 'c.csv', 'd.csv'].map((name) => ({ path: at(name), content: 'new' }));
  await expect(writeOutputs(files)).rejects.toThrow(/cannot write .*c\.csv/);
  expect(await readFile(at('a.csv'), 'utf8')).toBe('old');
  expect((await readdir(folder)).sort()).toEqual(['a.csv', 'c.csv']);
});

test('places are checked before any work', async () => {
  await mkdir(at('folder'));
  await expect(checkOutputs([at('a.csv'), at('b.csv')], [at('c.csv')])).resolves.toBeUndefined();
  await expect(checkOutputs([at('a.csv')], [at('a.csv')])).rejects.toThrow(
    /a\.csv is an input and would be overwritten/,
  );
  await expect(checkOutputs([at('a.csv'), at('./a.csv')])).rejects.toThrow(/named for two outputs/);
  await expect(checkOutputs([at('nowhere/a.csv')])).rejects.toThrow(
    /there is no directory '.*nowhere'; create it first/,
  );
  await expect(checkOutputs([at('folder')])).rejects.toThrow(/it is a directory; name a file/);
  await expect(checkOutputs(['/dev/null'])).rejects.toThrow(/not a regular file/);
});
