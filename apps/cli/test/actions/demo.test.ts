import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTable } from '../../src/tables/read-table.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
});
afterAll(() => space.remove());

const files = ['--out', '@predictions.csv', '--plot', '@plot.svg'];

test('the demo predicts every held-out day, draws the year and says what came out', async () => {
  const { code, stdout, stderr } = await space.ntk('demo', ...files, '--save', '@new-york.ntk');
  expect([code, stderr]).toEqual([0, '']);
  for (const method of ['adapted network', 'untouched network', 'last layer', 'RBF GP']) {
    expect(stdout).toMatch(new RegExp(`^  ${method} .* ± .* %$`, 'm'));
  }
  expect(stdout).toMatch(
    /With 40 days of New York the adapted network predicts the other 1421 days with an RMSE of .*\.\n$/,
  );
  const stages = [/train on Seattle/, /adapt to New York/, /predict/, /leave-one-out verdict/, /RBF GP/];
  for (const stage of stages) expect(stdout).toMatch(new RegExp(`^on .*${stage.source} \\d+ ms`, 'm'));
  const table = await readTable(space.at('predictions.csv'));
  expect(table.rows).toBe(1421);
  expect(table.columns.map(({ name }) => name)).toEqual([
    'date',
    'mean_temp_max',
    'variance_temp_max',
    'lower_temp_max',
    'upper_temp_max',
    'observed_temp_max',
  ]);
  const svg = await readFile(space.at('plot.svg'), 'utf8');
  for (const text of ['maximum temperature (°C)', 'untouched network (Seattle)', '40 labelled days', 'Jul']) {
    expect(svg).toContain(text);
  }
  const inspected = await space.ntk('inspect', '--model', '@new-york.ntk', '--json');
  expect(JSON.parse(inspected.stdout)).toMatchObject({ posterior: { examples: 40 } });
});

test('with other days, as JSON', async () => {
  const { code, stdout } = await space.ntk('demo', '--days', '10', '--json', ...files);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'done', labelled: 10, heldOut: 1451 });
});
