import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseNetwork, writeLayersModel } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { run } from '../../src/run.ts';

/** What a run of the command printed, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with two models and some tables, and the command run in it. */
export interface Workspace {
  /** Path of a file in the folder. */
  at(name: string): string;
  /** Runs the command; words that begin with '@' are paths in the folder. */
  ntk(...words: readonly string[]): Promise<Ran>;
  files(): Promise<string[]>;
  remove(): Promise<void>;
}

/** Makes a folder: curve/ (1 input, 1 output), plane/ (3 inputs, 2 outputs) and a table for each. */
export async function makeWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'ntk-actions-'));
  const at = (name: string) => join(folder, name);
  const curve = { inputs: 1, hidden: [12], outputs: 1, rng: new Rng(1), name: 'curve' };
  await writeLayersModel(denseNetwork(curve), at('curve'));
  await writeLayersModel(denseNetwork({ ...curve, inputs: 3, outputs: 2, name: 'plane' }), at('plane'));
  const rng = new Rng(2);
  const lines = Array.from({ length: 20 }, () => {
    const x = 4 * rng.uniform() - 2;
    return `${x},${Math.sin(x) + 0.05 * rng.normal()}`;
  });
  await writeFile(at('curve.csv'), `x,y\n${lines.join('\n')}\n`);
  const rows = Array.from(
    { length: 12 },
    (_, i) => `${rng.normal()},${['sun', 'rain'][i % 2]},${rng.normal()},${rng.normal()}`,
  );
  await writeFile(at('plane.csv'), `a,sky,u,v\n${rows.join('\n')}\n`);
  return {
    at,
    ntk: async (...words) => {
      const written = { stdout: '', stderr: '' };
      const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
      const argv = words.map((word) => (word.startsWith('@') ? at(word.slice(1)) : word));
      const code = await run(argv, { stdout: stream('stdout'), stderr: stream('stderr') });
      return { code, ...written };
    },
    files: () => readdir(folder),
    remove: () => rm(folder, { recursive: true }),
  };
}
