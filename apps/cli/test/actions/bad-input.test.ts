import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from './refused.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
  await space.ntk(
    'adapt',
    '--model',
    '@curve',
    '--data',
    '@curve.csv',
    '--target',
    'y',
    '--save',
    '@good.ntk',
    '--backend',
    'cpu',
  );
  await damageModels();
});
afterAll(() => space.remove());

/** Copies of the curve's model, each broken in one way. */
async function damageModels(): Promise<void> {
  const weights = await readFile(space.at('curve/weights.bin'));
  const json = await readFile(space.at('curve/model.json'), 'utf8');
  await writeFile(space.at('curve/short.bin'), weights.subarray(0, 40));
  await writeFile(space.at('curve/truncated.json'), json.replace('weights.bin', 'short.bin'));
  await writeFile(space.at('curve/absent.json'), json.replace('weights.bin', 'absent.bin'));
  await writeFile(space.at('curve/broken.json'), json.slice(0, 100));
  await writeFile(space.at('curve/unsupported.json'), json.replaceAll('"Dense"', '"LocallyConnected1D"'));
  await writeFile(space.at('bad.ntk'), (await readFile(space.at('good.ntk'))).subarray(0, 500));
}

describe('data', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    [
      'text',
      'x,y\n1,2\nwarm,3\n',
      /bad\.csv, line 3 \(row 2 of the data\), column 'x': the cell is 'warm', expected a number; .*--one-hot/,
    ],
    [
      'NaN',
      'x,y\n1,2\nNaN,3\n',
      /line 3 \(row 2 of the data\), column 'x': the cell is 'NaN', expected a number; .*--missing/,
    ],
    [
      'an empty cell',
      'x,y\n1,2\n,3\n',
      /line 3 \(row 2 of the data\), column 'x': the cell is empty, expected a number; .*--missing/,
    ],
    [
      'an empty target',
      'x,y\n1,2\n2,\n',
      /line 3 \(row 2 of the data\), column 'y': the cell is empty, .*--missing drop/,
    ],
    ['1e999', 'x,y\n1,2\n1e999,3\n', /line 3 \(row 2 of the data\), column 'x': '1e999' is larger than any double/],
    ['a duplicate column', 'x,x,y\n1,2,3\n', /bad\.csv: two columns are called 'x' \(columns 1 and 2\); rename/],
    ['an empty table', '', /bad\.csv: the file is empty; expected a header line/],
    ['a header only', 'x,y\n', /bad\.csv: the table has no rows/],
    ['a ragged row', 'x,y\n1,2\n3\n', /bad\.csv, line 3 \(row 2 of the data\): got 1 cells, expected 2/],
    ['binary rubbish', new Uint8Array([7, 0, 255, 3, 0]), /bad\.csv: the file is binary/],
    [
      'too many columns',
      'x,z,y\n1,2,3\n',
      /gives 2 inputs \(x, z\) and the network 'curve' takes 1, \[1\]; .*--inputs/,
    ],
    ['an absent target', 'x,z\n1,2\n', /bad\.csv: there is no column 'y'; its columns are x, z/],
  ])('%s', async (_, content, message) => {
    await writeFile(space.at('bad.csv'), content);
    const stderr = await refused(space, ['adapt', '--model', '@curve', '--data', '@bad.csv', '--target', 'y']);
    expect(stderr).toMatch(message);
  });

  test.each<[string, string, RegExp]>([
    ['text', 'x\n1\nwarm\n', /new\.csv, line 3 \(row 2 of the data\), column 'x'/],
    [
      'an absent column',
      'z\n1\n',
      /new\.csv: there is no column 'x', which the network's inputs need; its columns are z/,
    ],
  ])('to predict: %s', async (_, content, message) => {
    await writeFile(space.at('new.csv'), content);
    const words = ['--data', '@curve.csv', '--target', 'y', '--test', '@new.csv'];
    expect(await refused(space, ['adapt', '--model', '@curve', ...words])).toMatch(message);
    expect(await refused(space, ['predict', '--posterior', '@good.ntk', '--data', '@new.csv'])).toMatch(message);
  });
});

describe('too few rows to learn the variances', () => {
  test.each([
    ['one row', 'x,y\n1,2\n', [], /bad\.csv: 1 row of data is too few to learn the variances from; give more rows, or/],
    ['two rows', 'x,y\n1,2\n2,3\n', ['--mean', 'constant'], /bad\.csv: 2 rows of data are too few .*--prior-variance/],
  ])('%s', async (_, content, words, message) => {
    await writeFile(space.at('bad.csv'), content);
    const adapt = ['adapt', '--model', '@curve', '--data', '@bad.csv', '--target', 'y', ...words];
    expect(await refused(space, adapt)).toMatch(message);
  });
});

test.each([
  ['{ "mean": { "z": 1 }, "scale": 1 }', /scaler\.json: its mean names 'z'.*; correct or remove the name/],
  ['{ "mean": [1, 2], "scale": 1 }', /scaler\.json: got 2 numbers in its mean, expected 1; give one for each input/],
  ['{ "mean": 1, "scale": 0 }', /scaler\.json: the scale of input 1 \(x\) is 0, .*; use 1/],
])('a scaler that does not fit: %s', async (content, message) => {
  await writeFile(space.at('scaler.json'), content);
  const words = ['--data', '@curve.csv', '--target', 'y', '--input-scaler', '@scaler.json'];
  expect(await refused(space, ['adapt', '--model', '@curve', ...words])).toMatch(message);
});

describe('files', () => {
  const adapt = (model: string, ...words: string[]) => [
    'adapt',
    '--model',
    model,
    '--data',
    '@curve.csv',
    '--target',
    'y',
    ...words,
  ];

  test.each<[string, string[], RegExp]>([
    [
      'no data',
      ['adapt', '--model', '@curve', '--data', '@curv.csv', '--target', 'y'],
      /there is no file '.*curv\.csv' \(did you mean '.*curve\.csv'\?\)/,
    ],
    ['no model', adapt('@nowhere'), /nowhere/],
    ['no test', adapt('@curve', '--test', '@none.csv'), /there is no file '.*none\.csv'/],
    ['no posterior', ['predict', '--posterior', '@none.ntk', '--data', '@curve.csv'], /there is no file '.*none\.ntk'/],
    ['a truncated posterior', ['predict', '--posterior', '@bad.ntk', '--data', '@curve.csv'], /bad\.ntk/],
    ['a table as posterior', ['predict', '--posterior', '@curve.csv', '--data', '@curve.csv'], /curve\.csv/],
    ['truncated weights', adapt('@curve/truncated.json'), /short\.bin/],
    ['absent weights', adapt('@curve/absent.json'), /absent\.bin/],
    ['broken model.json', adapt('@curve/broken.json'), /broken\.json.*JSON/],
    ['an unsupported layer', adapt('@curve/unsupported.json'), /LocallyConnected1D/],
    ['the same, to inspect', ['inspect', '--model', '@curve/unsupported.json'], /LocallyConnected1D/],
    ['a shape that does not fit', adapt('@plane'), /takes 3, \[3\]/],
    [
      'an unknown layer',
      adapt('@curve', '--layers', 'dense_9'),
      /--layers: the network 'curve' has no layer 'dense_9' with weights \(did you mean .*; choose from dense, dense_1/,
    ],
    ['too many layers', adapt('@curve', '--layers', 'top:3'), /--layers: got top:3, .* has 2 layers .*; name at most/],
  ])('%s', async (_, words, message) => {
    expect(await refused(space, words)).toMatch(message);
  });

  test.each<[string, string[], RegExp]>([
    ['noise', ['--noise', '-1'], /--noise: got '-1'/],
    ['noise in words', ['--noise', 'little'], /--noise: got 'little'/],
    ['an unknown option', ['--nosie', '1'], /no option '--nosie' \(did you mean '--noise'\?\)/],
    ['an unknown backend', ['--backend', 'gpu'], /--backend: got 'gpu'/],
  ])('%s', async (_, words, message) => {
    expect(await refused(space, adapt('@curve', ...words))).toMatch(message);
  });

  test.each<[string, string[], RegExp]>([
    ['an unknown ending', ['--out', '@out.txt'], /cannot write a table of this kind/],
    ['an absent directory', ['--out', '@nowhere/out.csv'], /there is no directory/],
    ['an input', ['--out', '@curve.csv'], /is an input and would be overwritten/],
    ['a picture that is none', ['--plot', '@out.png'], /cannot draw a picture of this kind/],
    ['a posterior that is none', ['--save', '@out.bin'], /a posterior is a \.ntk file/],
  ])('as output: %s', async (_, words, message) => {
    const before = await space.files();
    const { code, stderr } = await space.ntk(...adapt('@curve', ...words));
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(await space.files()).toEqual(before);
  });
});
