import { expect } from 'vitest';
import type { Workspace } from './workspace.ts';

/** Runs a command that must fail, and checks that it leaves nothing behind; its sentence on stderr. */
export async function refused(space: Workspace, words: readonly string[]): Promise<string> {
  const before = await space.files();
  const outputs = ['--out', '@out.csv', '--plot', '@out.svg', ...(words[0] === 'adapt' ? ['--save', '@out.ntk'] : [])];
  const { code, stdout, stderr } = await space.ntk(...words, ...(words[0] === 'inspect' ? [] : outputs));
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^ntk: [^\n]+\n$/)]);
  expect(stderr).not.toMatch(/\n\s+at |unexpected/);
  expect(await space.files()).toEqual(before);
  return stderr;
}
