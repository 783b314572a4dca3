import { readFile, rename, stat } from 'node:fs/promises';
import { denseNetwork, writeLayersModel } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTable } from '../../src/tables/read-table.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
});
afterAll(() => space.remove());

const save = (name: string, ...words: string[]) =>
  space.ntk(
    ...['adapt', '--model', '@plane', '--data', '@plane.csv', '--target', 'u,v', '--one-hot', 'sky'],
    ...['--backend', 'cpu', '--out', '@direct.csv', '--save', `@${name}`, ...words],
  );
const predict = (name: string) =>
  space.ntk('predict', '--posterior', `@${name}`, '--data', '@plane.csv', '--out', '@out.csv', '--backend', 'cpu');
const columns = async (name: string) =>
  Object.fromEntries(
    (await readTable(space.at(name))).columns.map((column) => [
      column.name,
      Array.from(column.cells, (cell) => (cell === '' ? Number.NaN : Number(cell))),
    ]),
  );

describe.each(['full', 'independent', 'shared'])('adapt --save with outputs %s, then predict', (outputs) => {
  test.each([
    ['auto', /exact variances/, 1e-6],
    ['root:5', /variances of rank 5: never too small, too large by at most \S+ %/, Infinity],
    ['root:24', /variances of rank \d+: exact to rounding/, 1e-6],
    ['exact', /from the training data in the file/, 1e-6],
    ['samples:64', /variances from 64 samples: ±17.7 %/, Infinity],
  ])('--save-variance %s', async (choice, said, tolerance) => {
    const saved = await save('a.ntk', '--outputs', outputs, '--save-variance', choice);
    expect([saved.code, saved.stderr]).toEqual([0, '']);
    expect(saved.stdout).toMatch(said);
    const predicted = await predict('a.ntk');
    expect([predicted.code, predicted.stderr]).toEqual([0, '']);
    expect(predicted.stdout).toMatch(said);
    const [direct, found] = [await columns('direct.csv'), await columns('out.csv')];
    for (const [name, values] of Object.entries(direct)) {
      values.forEach((value, i) => {
        const error = Math.abs(found[name]![i]! - value) / Math.abs(value);
        expect(error).toBeLessThan(name.startsWith('mean') ? 1e-6 : tolerance);
      });
    }
  });
});

test('a posterior with its data is fitted again within --memory; others take no notice', async () => {
  await save('exact.ntk', '--save-variance', 'exact');
  await save('root.ntk');
  for (const [command, ...words] of [['predict'], ['suggest', '--count', '1'], ['export', '--arrays', '@arrays.npz']]) {
    const run = (name: string, memory: string) =>
      space.ntk(
        ...[command!, '--posterior', `@${name}`, '--data', '@plane.csv', '--backend', 'cpu'],
        ...['--memory', memory, ...words],
      );
    const refused = await run('exact.ntk', '1MiB');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/do not fit in 1 MiB/)]);
    expect((await run('exact.ntk', '6GiB')).code).toBe(0);
    expect((await run('root.ntk', '1MiB')).code).toBe(0);
  }
});

test.each([
  [82, /variances of rank \d+: never too small/],
  [100, /no variances/],
])('says what to save where the exact root does not fit: %i units', async (width, said) => {
  await writeLayersModel(
    denseNetwork({ inputs: 1, hidden: [width, width], outputs: 1, rng: new Rng(3), name: 'wide' }),
    space.at(`wide${width}`),
  );
  const words = ['adapt', '--model', `@wide${width}`, '--data', '@curve.csv', '--target', 'y', '--backend', 'cpu'];
  const wide = (variance: string, ...more: string[]) =>
    space.ntk(...words, '--save', '@wide.ntk', '--save-size', '1', '--save-variance', variance, ...more);
  const { code, stdout } = await wide('auto');
  expect(code).toBe(0);
  expect(stdout).toMatch(said);
  expect(stdout).toMatch(/the exact root does not fit .*--save-variance exact saves the training data, 320 B,/);
  expect((await wide('auto', '--solver', 'cg')).stdout).not.toMatch(/does not fit/);
  expect((await wide('none')).stdout).not.toMatch(/does not fit/);
  expect((await wide('exact')).stdout).not.toMatch(/does not fit/);
});

test('without variances there are means alone', async () => {
  expect((await save('none.ntk', '--save-variance', 'none')).stdout).toMatch(/no variances: the file holds means only/);
  const { code } = await predict('none.ntk');
  expect(code).toBe(0);
  const found = await columns('out.csv');
  expect(found['mean_u']!.every(Number.isFinite)).toBe(true);
  for (const name of ['variance_u', 'lower_v', 'upper_v']) expect(found[name]!.every(Number.isNaN)).toBe(true);
});

test('--save-network path names the network, which must stay what it was', async () => {
  await save('inside.ntk');
  await save('path.ntk', '--save-network', 'path');
  expect((await stat(space.at('path.ntk'))).size).toBeLessThan((await stat(space.at('inside.ntk'))).size);
  expect((await predict('path.ntk')).code).toBe(0);
  await rename(space.at('plane'), space.at('away'));
  const gone = await predict('path.ntk');
  expect(gone.code).toBe(2);
  expect(gone.stderr).toMatch(/^ntk: \S+path\.ntk: names a network that cannot be read: \S+plane\W.*adapt again/);
  await rename(space.at('curve'), space.at('plane'));
  const other = await predict('path.ntk');
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('another network')]);
  expect(await readFile(space.at('path.ntk'))).not.toHaveLength(0);
});

test.each(['root:0', 'samples:x', 'auto:3', 'best'])('--save-variance %s is refused', async (choice) => {
  const { code, stderr } = await save('b.ntk', '--save-variance', choice);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^ntk: --save-variance: got '.*', expected auto, root, root:RANK, samples, samples:COUNT/);
});
