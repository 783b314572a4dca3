import { encodeExamples, inputNames } from '@ntk/adapt';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inputFiles, loadLabelledData, type DataRequest } from '../../src/data/load-data.ts';
import { encodeTable } from '../../src/tables/write-table.ts';

let folder = '';
const at = (name: string) => join(folder, name);
const request = (more: Partial<DataRequest> & { readonly target: readonly string[] }): DataRequest => ({
  data: at('data.csv'),
  missing: 'error',
  ...more,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntk-data-'));
  await writeFile(at('data.csv'), 'wind,sky,"a,b",temp\n1,sun,5,10\n2,fog,6,11\n');
  await writeFile(at('scaler.json'), '{"mean": {"wind": 1}, "scale": 2}');
  await writeFile(at('bad.json'), '[1]');
  const column = (name: string, ...values: number[]) => ({ name, values });
  await writeFile(at('X.npy'), encodeTable('X.npy', [column('0', 1, 2), column('1', 3, 4)]));
  await writeFile(at('Y.npy'), encodeTable('Y.npy', [column('0', 5, 6)]));
  await writeFile(at('Z.npy'), encodeTable('Z.npy', [column('0', 5, 6, 7)]));
});
afterAll(() => rm(folder, { recursive: true }));

describe('labelled data', () => {
  test('from one CSV: inputs are all columns but the target', async () => {
    const { tables, schema } = await loadLabelledData(request({ target: ['temp'], oneHot: ['sky'] }));
    expect(inputNames(schema)).toEqual(['wind', 'sky=fog', 'sky=sun', 'a,b']);
    expect([...encodeExamples(schema, tables).y]).toEqual([10, 11]);
  });

  test('with chosen columns, given categories, a comma in a name, and a scaler', async () => {
    const { tables, schema } = await loadLabelledData(
      request({
        target: ['temp'],
        inputs: ['a,b', 'sky, wind'],
        oneHot: ['sky=rain, sun ,fog'],
        inputScaler: at('scaler.json'),
      }),
    );
    expect(inputNames(schema)).toEqual(['a,b', 'sky=rain', 'sky=sun', 'sky=fog', 'wind']);
    expect([...encodeExamples(schema, tables).x.subarray(0, 5)]).toEqual([2.5, 0, 0.5, 0, 0]);
  });

  test('from two arrays: targets are named 0, 1, …', async () => {
    const { tables, schema } = await loadLabelledData(request({ data: at('X.npy'), target: [at('Y.npy')] }));
    expect([inputNames(schema), schema.targets]).toEqual([['0', '1'], ['0']]);
    expect([...encodeExamples(schema, tables).x]).toEqual([1, 3, 2, 4]);
  });

  test('a column of an array by its number', async () => {
    const { schema } = await loadLabelledData(request({ data: at('X.npy'), target: ['1'] }));
    expect([inputNames(schema), schema.targets]).toEqual([['0'], ['1']]);
  });

  test.each<[string, () => Partial<DataRequest> & { readonly target: readonly string[] }, RegExp]>([
    ['rows differ', () => ({ data: at('X.npy'), target: [at('Z.npy')] }), /X\.npy has 2 rows and .*Z\.npy has 3/],
    ['no such target', () => ({ target: ['tmp'] }), /no column 'tmp' \(did you mean 'temp'\?\)/],
    ['no such file', () => ({ target: [at('none.npy')] }), /there is no file '.*none\.npy'/],
    ['two files', () => ({ data: at('X.npy'), target: [at('Y.npy'), at('Z.npy')] }), /expected one file of targets/],
    [
      'text',
      () => ({ target: ['temp'] }),
      /data\.csv, line 2 \(row 1 of the data\), column 'sky': the cell is 'sun'.*--one-hot sky/,
    ],
    ['one-hot twice', () => ({ target: ['temp'], oneHot: ['sky', 'sky=sun,fog'] }), /column 'sky' is named twice/],
    ['no category', () => ({ target: ['temp'], oneHot: ['sky='] }), /--one-hot: got 'sky=', expected categories/],
    [
      'scaler',
      () => ({ target: ['temp'], oneHot: ['sky'], inputScaler: at('bad.json') }),
      /bad\.json: got an array, expected an object/,
    ],
  ])('refuses: %s', async (_, more, message) => {
    await expect(loadLabelledData(request(more()))).rejects.toThrow(message);
  });

  test('knows the files that it reads', () => {
    expect(inputFiles({ data: 'a.csv', target: ['y', 'b.npy'], inputScaler: 's.json' })).toEqual([
      'a.csv',
      'b.npy',
      's.json',
    ]);
  });
});
