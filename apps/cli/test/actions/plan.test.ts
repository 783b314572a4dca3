import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeWorkspace, type Workspace } from './workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
});
afterAll(() => space.remove());

const CURVE = ['--model', '@curve', '--data', '@curve.csv', '--target', 'y', '--backend', 'cpu'];
const ntk = (command: string, ...words: string[]) => space.ntk(command, ...CURVE, ...words);

describe('plan', () => {
  test('prints every candidate, the chosen one first, and writes nothing', async () => {
    const before = await space.files();
    const { code, stdout } = await ntk('plan', '--out', '@out.csv');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^20 examples with 1 output, 37 parameters, 20 examples to predict; at most 4 GiB on cpu\n/);
    expect(stdout).toMatch(/\n→ {2}\w+ space, .*, Cholesky, float64 .* chosen\n/);
    expect(stdout.match(/conjugate gradients/g)).toHaveLength(5);
    expect(await space.files()).toEqual(before);
  });

  test('--json is one object', async () => {
    const { stdout } = await ntk('plan', '--json', '--solver', 'cg');
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'plan',
      method: { solver: 'cg' },
      sizes: { n: 20, c: 1, p: 37 },
    });
  });

  test('a saved plan is followed by adapt; one for other data is refused', async () => {
    const planned = await ntk('plan', '--solver', 'lsmr', '--to', '@plan.json');
    expect(planned.stdout).toContain(`wrote ${space.at('plan.json')}`);
    const { code, stdout } = await ntk('adapt', '--plan', '@plan.json');
    expect(code).toBe(0);
    expect(stdout).toMatch(/computed in parameter space, .*, LSMR, float64 on cpu/);
    const rows = (await readFile(space.at('curve.csv'), 'utf8')).trimEnd().split('\n');
    await writeFile(space.at('less.csv'), `${rows.slice(0, -1).join('\n')}\n`);
    const words = ['--model', '@curve', '--data', '@less.csv', '--target', 'y', '--plan', '@plan.json'];
    const refused = await space.ntk('adapt', ...words);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/a plan for 20 examples, .* expected one for 19, .*plan again/);
  });

  test('a plan settles the method: options that say otherwise are refused', async () => {
    await ntk('plan', '--solver', 'lsmr', '--dtype', 'float64', '--to', '@plan.json');
    for (const words of [
      ['--space', 'function'],
      ['--solver', 'cg'],
      ['--preconditioner', 'jacobi'],
      ['--dtype', 'float32'],
      ['--outputs', 'shared'],
    ] as const) {
      const refused = await ntk('adapt', '--plan', '@plan.json', ...words);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(new RegExp(`got ${words[0].slice(2)} ${words[1]}, and the plan has .*plan again`));
    }
    expect((await ntk('adapt', '--plan', '@plan.json', '--solver', 'lsmr', '--outputs', 'full')).code).toBe(0);
    await ntk('plan', '--outputs', 'independent', '--to', '@independent.json');
    const followed = await ntk('adapt', '--plan', '@independent.json', '--json');
    expect(JSON.parse(followed.stdout)).toMatchObject({ outputs: 'independent' });
  });

  test('a preconditioner without conjugate gradients is refused', async () => {
    const refused = await ntk('adapt', '--solver', 'cholesky', '--preconditioner', 'jacobi');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/--preconditioner jacobi .*--solver cholesky/);
  });

  test('a tolerance of one or more would stop before the first step', async () => {
    const refused = await ntk('adapt', '--solver', 'cg', '--rtol', '2');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/--rtol: got '2', expected a number between 0 and 1/);
  });

  test('--calibrate measures this machine; the rates serve later plans on the same backend', async () => {
    expect((await ntk('plan', '--calibrate', '@rates.json')).code).toBe(0);
    const rates = JSON.parse(await readFile(space.at('rates.json'), 'utf8')) as Record<string, unknown>;
    expect(rates).toMatchObject({ format: 'ntk-rates', backend: 'cpu' });
    expect(rates['cholesky']).toBeGreaterThan(1e6);
    const [first, second] = [await ntk('plan', '--rates', '@rates.json'), await ntk('plan', '--rates', '@rates.json')];
    expect(first.stdout).toBe(second.stdout);
    const words = ['--model', '@curve', '--data', '@curve.csv', '--target', 'y', '--backend', 'ort'];
    const refused = await space.ntk('plan', ...words, '--rates', '@rates.json');
    expect(refused.stderr).toMatch(/holds the rates of cpu, expected those of ort/);
  });

  test('what cannot fit is refused with sizes and remedies, before anything runs', async () => {
    for (const command of ['plan', 'adapt']) {
      const { code, stderr } = await ntk(command, '--memory', '1MB');
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /20 examples .* do not fit in 977 KiB: .* needs 18\d MiB; use a memory limit of 192 MiB, or/,
      );
    }
  });
});

describe('adapt by an iterative solver', () => {
  test('reports steps, residual, and a verdict by folds', async () => {
    const { code, stdout } = await ntk('adapt', '--solver', 'cg', '--preconditioner', 'none', '--rtol', '1e-8');
    expect(code).toBe(0);
    expect(stdout).toMatch(/conjugate gradients, float64 on cpu/);
    expect(stdout).toMatch(/\d+ steps, relative residual \S+; variances err upwards only/);
    expect(stdout).toMatch(
      /this solution gives no evidence and no leave-one-out; the variances were found before by the evidence of 20 rows\n/,
    );
    expect(stdout).toMatch(/\n5-fold, y /);
    expect(stdout).toMatch(/5-fold RMSE .*\n$/);
  });

  test('least squares are judged by their gradient: the residual of noisy data does not vanish', async () => {
    const { stdout } = await ntk('adapt', '--solver', 'lsmr', '--rtol', '1e-7');
    const gradient = /\d+ steps, relative gradient (\S+); variances err upwards only/.exec(stdout)?.[1];
    expect(Number(gradient)).toBeLessThanOrEqual(1e-7);
  });

  test('a solver backend of its own is named', async () => {
    const { stdout } = await ntk('adapt', '--solver', 'cg', '--solver-backend', 'tfjs-cpu');
    expect(stdout).toMatch(/float64 on cpu, linear algebra on tfjs-cpu, in /);
  });

  test('several noise variances, one for each target', async () => {
    const words = [
      '--model',
      '@plane',
      '--data',
      '@plane.csv',
      '--target',
      'u,v',
      '--one-hot',
      'sky',
      '--backend',
      'cpu',
    ];
    const { code, stdout } = await space.ntk('adapt', ...words, '--noise', '0.5,2', '--outputs', 'shared', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      noiseVariances: [0.5, 2],
      outputs: 'shared',
      learned: ['priorVariance'],
    });
    const refused = await space.ntk('adapt', ...words, '--noise', '1,2,3');
    expect(refused.stderr).toContain('--noise: got 3 variances, expected one for each of 2 targets');
  });
});
