import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/tables/npy.ts';
import { refused } from './refused.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

const ADAPT = ['adapt', '--model', '@curve', '--data', '@curve.csv', '--target', 'y'];
const PREDICT = ['predict', '--posterior', '@good.ntk', '--data'];

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
  const { code } = await space.ntk(...ADAPT, '--save', '@good.ntk');
  expect(code).toBe(0);
});
afterAll(() => space.remove());

test('targets to score that are no numbers are refused before anything is written', async () => {
  await writeFile(space.at('test.csv'), 'x,y\n0.5,abc\n1,2\n');
  const message = /test\.csv, line 2 \(row 1 of the data\), column 'y': the cell is 'abc', expected a number/;
  const before = await space.files();
  for (const words of [
    [...ADAPT, '--test', '@test.csv', '--save', '@new.ntk'],
    [...PREDICT, '@test.csv'],
  ]) {
    const { code, stderr } = await space.ntk(...words, '--out', '@new.csv');
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(await space.files()).toEqual(before);
  }
});

describe('an array is wider or narrower than the one of the training data', () => {
  beforeAll(async () => {
    for (const width of [2, 3, 4, 5, 6]) {
      const data = Float64Array.from({ length: 6 * width }, (_, i) => Math.sin(i));
      await writeFile(space.at(`w${width}.npy`), encodeNpy({ shape: [6, width], data }));
    }
  });

  test('targets of their own', async () => {
    const words = ['adapt', '--model', '@plane', '--data', '@w3.npy', '--target', '@w2.npy'];
    const { code } = await space.ntk(...words, '--test', '@w3.npy', '--save', '@own.ntk');
    expect(code).toBe(0);
    const message = /w4\.npy: each row has 4 columns and those of the training data have 3, .*; give/;
    expect(await refused(space, [...words, '--test', '@w4.npy'])).toMatch(message);
    expect(await refused(space, ['predict', '--posterior', '@own.ntk', '--data', '@w4.npy'])).toMatch(message);
  });

  test('targets among the columns, which may be left out at the end', async () => {
    const words = ['adapt', '--model', '@plane', '--data', '@w5.npy', '--target', '3,4'];
    for (const test of ['@w5.npy', '@w3.npy']) {
      const { code } = await space.ntk(...words, '--test', test, '--save', '@among.ntk');
      expect(code).toBe(0);
    }
    for (const table of ['@w4.npy', '@w6.npy']) {
      expect(await refused(space, [...words, '--test', table])).toMatch(/each row has [46] columns .* have 5/);
      const predict = ['predict', '--posterior', '@among.ntk', '--data', table];
      expect(await refused(space, predict)).toMatch(/each row has [46] columns .* have 5/);
    }
  });
});

describe('inputs that the network cannot take', () => {
  /** A network that doesn't saturate. */
  beforeAll(async () => {
    const json = await readFile(space.at('curve/model.json'), 'utf8');
    await writeFile(space.at('curve/relu.json'), json.replaceAll(/"(tanh|gelu|erf|sigmoid)"/g, '"relu"'));
    const lines = (await readFile(space.at('curve.csv'), 'utf8')).trim().split('\n');
    await writeFile(space.at('huge.csv'), [...lines.slice(0, 8), '1e200,1', ...lines.slice(8)].join('\n'));
  });
  const place = /huge\.csv, line 9 \(row 8 of the data\), column 'x': .*1e\+?200.*; (correct|scale)/;

  test('a kernel whose squares overflow', async () => {
    const table = (await readFile(space.at('huge.csv'), 'utf8')).replace('1e200', '1e150');
    await writeFile(space.at('squares.csv'), table);
    expect(
      await refused(space, ['inspect', '--model', '@curve/relu.json', '--data', '@squares.csv', '--target', 'y']),
    ).toMatch(/squares\.csv, line 9 .*column 'x': the cell is 1e150/);
  });

  test.each(['@curve', '@curve/relu.json'])('%s', async (model) => {
    const adapt = ['adapt', '--model', model, '--target', 'y', '--data'];
    for (const words of [
      [...adapt, '@huge.csv'],
      [...adapt, '@curve.csv', '--test', '@huge.csv'],
      ['inspect', '--model', model, '--data', '@huge.csv', '--target', 'y'],
    ]) {
      expect(await refused(space, words)).toMatch(place);
    }
    await space.ntk(...adapt, '@curve.csv', '--save', '@model.ntk');
    expect(await refused(space, ['predict', '--posterior', '@model.ntk', '--data', '@huge.csv'])).toMatch(place);
  });

  test('float32', async () => {
    await writeFile(space.at('large.csv'), 'x,y\n0.5,1\n1e39,2\n');
    expect(await refused(space, [...PREDICT, '@large.csv', '--dtype', 'float32'])).toMatch(
      /large\.csv, line 3 \(row 2 of the data\), column 'x': .*1e\+?39.*float32/,
    );
  });
});

test('a model whose weights are not finite', async () => {
  const weights = await readFile(space.at('curve/weights.bin'));
  weights.writeFloatLE(Number.NaN, 8);
  await writeFile(space.at('curve/nan.bin'), weights);
  const json = await readFile(space.at('curve/model.json'), 'utf8');
  await writeFile(space.at('curve/nan.json'), json.replace('weights.bin', 'nan.bin'));
  const message = /nan\.json: got NaN at entry 2 of the weight '[^']+', expected finite numbers; /;
  expect(await refused(space, ['inspect', '--model', '@curve/nan.json'])).toMatch(message);
  expect(await refused(space, [...ADAPT.with(2, '@curve/nan.json')])).toMatch(message);
});
