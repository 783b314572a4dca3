import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorkspace, type Workspace } from '../actions/workspace.ts';

let space: Workspace;
beforeAll(async () => {
  space = await makeWorkspace();
});
afterAll(() => space.remove());

const adapt = (...words: string[]) =>
  space.ntk(
    ...['adapt', '--model', '@curve', '--data', '@curve.csv', '--target', 'y', '--backend', 'cpu'],
    ...['--plot-evidence', '@evidence.svg', ...words],
  );

test('a picture of the evidence around the posterior', async () => {
  const { code, stdout } = await adapt();
  expect(code).toBe(0);
  expect(stdout).toMatch(/wrote .*evidence\.svg/);
  const svg = await readFile(space.at('evidence.svg'), 'utf8');
  expect(svg).toContain('Evidence of prior and noise variance');
  expect(svg).toContain('this posterior');
  const ticks = [...svg.matchAll(/<text [^>]*>([\d.e+-]+)<\/text>/g)].map(([, label]) => label!);
  expect(ticks.length).toBeGreaterThan(4);
  for (const tick of ticks) expect(tick).toMatch(Number(tick) >= 1e-4 && Number(tick) < 1e6 ? /^[\d.]+$/ : /e/);
  // Dark where the evidence is largest, and nothing far from there.
  const opacities = [...svg.matchAll(/opacity="([\d.]+)"/g)].map(([, value]) => Number(value));
  expect(Math.max(...opacities)).toBeGreaterThan(0.99);
  expect(opacities.length).toBeLessThan(61 * 61);
  expect(opacities.length).toBeGreaterThan(50);
});

test('is refused where nothing was looked for', async () => {
  const { code, stderr } = await adapt('--noise', '0.1', '--prior-variance', '1');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^ntk: --plot-evidence shows where prior and noise variance were looked for/);
});
