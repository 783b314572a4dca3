import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { decodePosterior, predictStored } from '@ntk/adapt';
import { readLayersModel } from '@ntk/models';
import { cpuBackend, forward } from '@ntk/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeNpz } from '../../src/tables/npz.ts';
import { readTable } from '../../src/tables/read-table.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
  const adapt = ['adapt', '--model', '@curve', '--data', '@curve.csv', '--target', 'y', '--backend', 'cpu'];
  await space.ntk(...adapt, '--save', '@curve.ntk');
  await space.ntk(...adapt, '--mean', 'zero', '--save', '@zero.ntk');
  const plane = ['adapt', '--model', '@plane', '--data', '@plane.csv', '--target', 'u,v', '--one-hot', 'sky'];
  await space.ntk(...plane, '--backend', 'cpu', '--save', '@plane.ntk');
  await writeFile(space.at('new.csv'), 'x\n-6\n0\n0.1\n6\n');
});
afterAll(() => space.remove());

const suggest = (...words: string[]) =>
  space.ntk('suggest', '--posterior', '@curve.ntk', '--data', '@new.csv', '--backend', 'cpu', ...words);
const exported = (...words: string[]) =>
  space.ntk('export', '--posterior', '@curve.ntk', '--data', '@new.csv', '--backend', 'cpu', ...words);

describe('suggest', () => {
  test('names the rows far from the data first, and writes them', async () => {
    const { code, stdout } = await suggest('--count', '3', '--out', '@next.csv');
    expect(code).toBe(0);
    expect(stdout).toMatch(/20 rows; exact variances\n.*4 rows to choose from/);
    const { columns } = await readTable(space.at('next.csv'));
    expect(columns.map(({ name }) => name)).toEqual(['row', 'gain']);
    const [rows, gains] = columns.map(({ cells }) => Array.from(cells, Number));
    expect(new Set(rows!.slice(0, 2))).toEqual(new Set([1, 4]));
    expect(gains!.every((gain, i) => gain > 0 && (i === 0 || gain <= gains![i - 1]!))).toBe(true);
    const json = JSON.parse((await suggest('--count', '3', '--json')).stdout) as { chosen: { row: number }[] };
    expect(json.chosen.map(({ row }) => row)).toEqual(rows);
  });

  test('refuses more rows than there are', async () => {
    const { code, stderr } = await suggest('--count', '5');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^ntk: --count: got 5, and .*new\.csv has 4 rows/);
  });

  test.each(['samples', 'none'])('refuses a file with variance %s, with what to save instead', async (kind) => {
    const adapt = ['adapt', '--model', '@curve', '--data', '@curve.csv', '--target', 'y', '--backend', 'cpu'];
    await space.ntk(...adapt, '--save', '@other.ntk', '--save-variance', kind);
    const words = ['suggest', '--posterior', '@other.ntk', '--data', '@new.csv', '--count', '1'];
    const { code, stderr } = await space.ntk(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^ntk: \S+other\.ntk: .*variance (samples|none), .*--save-variance root/);
  });
});

describe('export', () => {
  test('a model that TensorFlow.js reads, with its distance from the posterior mean', async () => {
    const { code, stdout } = await exported('--model', '@adapted');
    expect(code).toBe(0);
    const said = /differ from the posterior mean by (\S+) \(root mean square\)/.exec(stdout)![1]!;
    const backend = cpuBackend();
    const network = await readLayersModel(space.at('adapted'));
    const x = Float64Array.of(-6, 0, 0.1, 6);
    const outputs = await backend.read(await forward(network, x, { backend }));
    const stored = await decodePosterior(await readFile(space.at('curve.ntk')), 'curve.ntk');
    const { mean } = await predictStored(stored, x, { backend });
    const rms = Math.sqrt(mean.reduce((sum, value, i) => sum + (value - outputs[i]!) ** 2 / 4, 0));
    expect(Number(said)).toBeCloseTo(rms, 2);
    const again = await exported('--model', '@adapted');
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/is not empty/);
  });

  test('arrays for NumPy that belong together', async () => {
    const words = ['export', '--posterior', '@plane.ntk', '--data', '@plane.csv', '--arrays', '@plane.npz'];
    const { code } = await space.ntk(...words, '--backend', 'cpu');
    expect(code).toBe(0);
    const arrays = decodeNpz(await readFile(space.at('plane.npz')), 'plane.npz');
    const shapes = Object.fromEntries([...arrays].map(([name, { shape }]) => [name, shape]));
    const p = shapes['jacobian']![1]!;
    expect(shapes).toEqual({
      mean: [12, 2],
      variance: [12, 2],
      covariance: [24, 24],
      jacobian: [24, p],
      kernel: [24, 24],
      prior_variance: [],
      noise_variance: [2],
    });
    const [j, k] = [arrays.get('jacobian')!.data, arrays.get('kernel')!.data];
    const product = (a: number, b: number) => {
      let sum = 0;
      for (let i = 0; i < p; i++) sum += j[a * p + i]! * j[b * p + i]!;
      return sum;
    };
    for (const [a, b] of [
      [0, 0],
      [3, 17],
      [23, 5],
    ] as const)
      expect(k[a * 24 + b]).toBeCloseTo(product(a, b), 8);
    const covariance = arrays.get('covariance')!.data;
    arrays.get('variance')!.data.forEach((value, i) => expect(covariance[i * 25]).toBeCloseTo(value, 8));
  });

  test('says why there is no such model, or nothing to write', async () => {
    const zero = await space.ntk('export', '--posterior', '@zero.ntk', '--data', '@new.csv', '--model', '@none');
    expect(zero.code).toBe(2);
    expect(zero.stderr).toMatch(/prior mean is zero.*adapt with mean network/);
    expect((await exported()).stderr).toMatch(/nothing to write; name a directory with --model/);
    expect((await exported('--arrays', '@a.npy')).stderr).toMatch(/expected a name ending in \.npz/);
    await mkdir(space.at('full'));
    await writeFile(space.at('full/model.json'), '{}');
    expect((await exported('--model', '@full')).stderr).toMatch(/not empty/);
    expect(await readFile(space.at('full/model.json'), 'utf8')).toBe('{}');
    const file = await exported('--model', '@new.csv');
    expect(file).toMatchObject({ code: 2, stdout: '' });
    expect(file.stderr).toMatch(/--model: .*new\.csv is a file, expected a directory/);
  });
});
