import { unitRoundoff } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTable } from '../../src/tables/read-table.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
});
afterAll(() => space.remove());

const TARGETS = { curve: 'y', plane: 'u,v' } as const;

/** Predictions of adapt on a backend, column after column, and what it printed as an object. */
async function adaptOn(backend: string, model: keyof typeof TARGETS, ...words: string[]) {
  const data = ['--model', `@${model}`, '--data', `@${model}.csv`, '--target', TARGETS[model]];
  const encoding = model === 'plane' ? ['--one-hot', 'sky'] : [];
  // With noise of this size the condition of K + σ²I is at most a few hundred. Learning the variances would amplify rounding.
  const given = ['--noise', '0.5', '--prior-variance', '1', '--backend', backend, ...words];
  const run = await space.ntk('adapt', ...data, ...encoding, ...given, '--out', '@out.csv', '--json');
  expect(run.code, run.stderr).toBe(0);
  const { columns } = await readTable(space.at('out.csv'));
  return { columns: columns.map(({ cells }) => Array.from(cells, Number)), report: JSON.parse(run.stdout) as object };
}

describe.each(['tfjs-cpu', 'tfjs-wasm'])('--backend %s', (backend) => {
  test.each(['curve', 'plane'] as const)('adapts %s as ONNX Runtime does, to single precision', async (model) => {
    const expected = await adaptOn('ort', model);
    const actual = await adaptOn(backend, model);
    expect(actual.report).toMatchObject({ backend, dtype: 'float32' });
    expect(expected.report).toMatchObject({ backend: 'ort', dtype: 'float64' });
    const tolerance = 500 * unitRoundoff('float32');
    actual.columns.forEach((column, i) => expect(relativeError(column, expected.columns[i]!)).toBeLessThan(tolerance));
  });
});

test.each(['gpujs', 'tfjs-wasm', 'cpu'])('--solver-backend %s solves what the network judges', async (name) => {
  const expected = await adaptOn('ort', 'plane');
  const method = ['--space', 'function', '--solver', 'cg', '--rtol', '1e-8'];
  const actual = await adaptOn('ort', 'plane', '--solver-backend', name, ...method);
  // The condition is about 100.
  actual.columns.forEach((column, i) => expect(relativeError(column, expected.columns[i]!)).toBeLessThan(1e-6));
});

test('ntk predict --backend tfjs-wasm predicts what ntk adapt did on ONNX Runtime', async () => {
  const adapted = await adaptOn('ort', 'curve', '--save', '@curve.ntk');
  const words = ['--posterior', '@curve.ntk', '--data', '@curve.csv', '--backend', 'tfjs-wasm', '--out', '@again.csv'];
  const run = await space.ntk('predict', ...words);
  expect(run.code, run.stderr).toBe(0);
  const { columns } = await readTable(space.at('again.csv'));
  columns.forEach(({ cells }, i) => {
    const error = relativeError(Array.from(cells, Number), adapted.columns[i]!);
    expect(error).toBeLessThan(500 * unitRoundoff('float32'));
  });
});

test.each(['tfjs-node', 'tfjs-node-gpu'])('--backend %s is absent: which package, why, what to do', async (backend) => {
  const run = await space.ntk(
    'inspect',
    '--model',
    '@curve',
    '--data',
    '@curve.csv',
    '--target',
    'y',
    '--backend',
    backend,
  );
  expect(run.code).toBe(2);
  expect(run.stdout).toBe('');
  expect(run.stderr).toMatch(
    new RegExp(
      `^ntk: ${backend}: could not load @tensorflow/${backend}: [^\\n]*Install it with \`npm install @tensorflow/${backend}@4\\.22\\.0\`[^\\n]*\\n$`,
    ),
  );
});

test('--backend tfjs-wasm has single precision only', async () => {
  const run = await space.ntk('demo', '--backend', 'tfjs-wasm', '--out', '@demo.csv', '--plot', '@demo.svg');
  expect([run.code, run.stdout]).toEqual([2, '']);
  expect(run.stderr).toMatch(/^ntk: --dtype float64 is not available on --backend tfjs-wasm[^\n]*\n$/);
});
