import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTable } from '../../src/tables/read-table.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
});
afterAll(() => space.remove());

const columns = async (name: string) =>
  Object.fromEntries(
    (await readTable(space.at(name))).columns.map((column) => [column.name, Array.from(column.cells, Number)]),
  );
const adaptCurve = (...words: string[]) =>
  space.ntk('adapt', '--model', '@curve', '--data', '@curve.csv', '--target', 'y', ...words);

describe('adapt', () => {
  test('predicts the rows of --test in their order, and reports', async () => {
    await writeFile(space.at('test.csv'), 'y,x\n0.5,1\n,0\n-0.5,-1\n');
    const { code, stdout, stderr } = await adaptCurve('--test', '@test.csv', '--out', '@out.csv');
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/Error|\[=/);
    expect(stdout).toMatch(/column x → input 1\n.*target y → output 1/);
    expect(stdout).toMatch(
      /leave-one-out, y .*RMSE.*\n.*constant.*\n.*untouched network.*\n.*last layer.*\n.*adapted network/,
    );
    expect(stdout).toMatch(/Adapting helps: .*\.\n$/);
    const out = await columns('out.csv');
    expect(Object.keys(out)).toEqual(['mean_y', 'variance_y', 'lower_y', 'upper_y']);
    [1, 0, -1].forEach((x, i) => expect(Math.abs(out['mean_y']![i]! - Math.sin(x))).toBeLessThan(0.15));
  });

  test('the interval holds the noise, the variance only if asked', async () => {
    await adaptCurve('--noise', '0.04', '--out', '@plain.csv');
    await adaptCurve('--noise', '0.04', '--out', '@noisy.csv', '--include-noise', '--interval', '0.5');
    const [plain, noisy] = [await columns('plain.csv'), await columns('noisy.csv')];
    const half = (column: typeof plain, i: number) => (column['upper_y']![i]! - column['lower_y']![i]!) / 2;
    plain['variance_y']!.forEach((variance, i) => {
      expect(noisy['variance_y']![i]).toBeCloseTo(variance + 0.04, 12);
      expect(half(plain, i)).toBeCloseTo(1.959963984540054 * Math.sqrt(variance + 0.04), 12);
      expect(half(noisy, i)).toBeCloseTo(0.6744897501960817 * Math.sqrt(variance + 0.04), 12);
    });
  });

  test('--json is one object; the same command gives the same files', async () => {
    const words = ['--out', '@one.npz', '--plot', '@one.svg', '--save', '@one.ntk', '--json', '--backend', 'cpu'];
    const first = await adaptCurve(...words);
    const files = await Promise.all(['one.npz', 'one.svg', 'one.ntk'].map((name) => readFile(space.at(name))));
    await adaptCurve(...words);
    expect(await Promise.all(['one.npz', 'one.svg', 'one.ntk'].map((name) => readFile(space.at(name))))).toEqual(files);
    expect(first.stdout.trimEnd()).not.toContain('\n');
    expect(JSON.parse(first.stdout)).toMatchObject({
      command: 'adapt',
      status: 'done',
      backend: 'cpu',
      dtype: 'float64',
      targets: ['y'],
      data: { rows: 20, dropped: 0 },
      learned: ['priorVariance', 'noiseVariance'],
      verdict: { conclusion: 'better' },
      written: [space.at('one.npz'), space.at('one.ntk'), space.at('one.svg')],
    });
    expect(files[1]!.toString()).toContain('20 rows of data');
  });

  test('categories, several targets, chosen columns; the picture has a panel for each target', async () => {
    const words = [
      '--model',
      '@plane',
      '--data',
      '@plane.csv',
      '--target',
      'u,v',
      '--inputs',
      'a,sky',
      '--one-hot',
      'sky',
    ];
    const { code, stdout } = await space.ntk('adapt', ...words, '--out', '@plane.npy', '--plot', '@plane.svg');
    expect(code).toBe(0);
    expect(stdout).toContain('column sky = sun → input 3');
    expect((await readTable(space.at('plane.npy'))).columns).toHaveLength(8);
    expect(await readFile(space.at('plane.svg'), 'utf8')).toMatch(/predicted u[^]*predicted v/);
  });

  test('a dropped row keeps its place, without values', async () => {
    await writeFile(space.at('gap.csv'), 'x\n1\n\n-1\n');
    const { code } = await adaptCurve('--missing', 'drop', '--test', '@gap.csv', '--out', '@gap-out.csv');
    expect(code).toBe(0);
    expect((await readFile(space.at('gap-out.csv'), 'utf8')).split('\n')[2]).toBe(',,,');
  });

  test('two rows: no verdict', async () => {
    await writeFile(space.at('two.csv'), 'x,y\n1,1\n2,2\n');
    const { code, stdout } = await space.ntk(
      'adapt',
      '--model',
      '@curve',
      '--data',
      '@two.csv',
      '--target',
      'y',
      '--noise',
      '0.1',
      '--prior-variance',
      '1',
      '--plot',
      '@two.svg',
    );
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/No verdict: leave-one-out needs at least 3 rows, and there are 2\.\n$/),
    ]);
  });
});

describe('predict', () => {
  test('gives what adapt gave, from the posterior alone, columns in any order', async () => {
    await writeFile(space.at('new.csv'), 'z,x\na,1\nb,0.5\n');
    await adaptCurve('--test', '@new.csv', '--out', '@from-adapt.csv', '--save', '@curve.ntk');
    const { code, stdout } = await space.ntk(
      'predict',
      '--posterior',
      '@curve.ntk',
      '--data',
      '@new.csv',
      '--out',
      '@from-predict.csv',
      '--plot',
      '@new.svg',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('2 rows predicted');
    const [before, after] = [await columns('from-adapt.csv'), await columns('from-predict.csv')];
    for (const [name, values] of Object.entries(before)) {
      values.forEach((value, i) => expect(after[name]![i]).toBeCloseTo(value, 9));
    }
    expect(await readFile(space.at('new.svg'), 'utf8')).toContain('untouched network');
  });

  test('scores rows whose targets are known', async () => {
    const { stdout } = await space.ntk('predict', '--posterior', '@curve.ntk', '--data', '@curve.csv', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'done',
      scores: [{ target: 'y', scores: { rows: 20 } }],
      written: [],
    });
  });
});

describe('inspect', () => {
  test('shows layers, and the spectrum on data', async () => {
    const { code, stdout } = await space.ntk('inspect', '--model', '@curve', '--data', '@curve.csv', '--target', 'y');
    expect(code).toBe(0);
    expect(stdout).toMatch(/dense .*\n.*dense_1 /);
    expect(stdout).toMatch(/kernel J Jᵀ on 20 rows: trace .*\n\s+largest eigenvalues/);
  });

  test('a posterior', async () => {
    const { stdout } = await space.ntk('inspect', '--model', '@curve.ntk', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      network: { name: 'curve', parameters: 37 },
      posterior: { examples: 20, mean: 'network' },
    });
  });
});
