import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NtkError, type Shape, type TypedArray } from '@ntk/tensor';

/** What a peer is asked to compute. */
export interface PeerProblem {
  readonly arrays: Readonly<Record<string, { readonly shape: Shape; readonly data: TypedArray }>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** How idle OpenMP threads wait: 'passive' is PyTorch's best for dense networks, its default for convolutions. */
export type WaitPolicy = 'passive' | 'default';

/** How a peer is run. */
export interface PeerOptions {
  readonly python: string;
  /** Script in tooling/peers. */
  readonly script: string;
  /** Arguments after the folder. */
  readonly arguments?: readonly string[];
  readonly waitPolicy?: WaitPolicy;
}

/** What a peer answered. */
export interface PeerAnswer {
  /** Its last line, parsed. */
  readonly report: Readonly<Record<string, unknown>>;
  /** An array of its answer. */
  array(name: string): Promise<Float64Array>;
  /** Deletes the folder of the exchange. */
  dispose(): Promise<void>;
}

const { resolve } = createRequire(import.meta.url);

/**
 * Runs a Python peer in a process of its own, on arrays given through a temporary folder.
 *
 * @returns the answer; the caller disposes it
 * @throws {NtkError} with the end of its standard error if it fails
 */
export async function runPeer(problem: PeerProblem, options: PeerOptions): Promise<PeerAnswer> {
  const folder = await mkdtemp(join(tmpdir(), 'ntk-peer-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await writeProblem(folder, problem);
    const report = JSON.parse(await run(folder, options)) as Record<string, unknown>;
    const array = async (name: string): Promise<Float64Array> => {
      const bytes = await readFile(join(folder, `answer-${name}.bin`));
      return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    };
    return { report, array, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function writeProblem(folder: string, { arrays, settings }: PeerProblem): Promise<void> {
  const header = Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [
      name,
      { shape, dtype: data instanceof Float64Array ? '<f8' : '<f4' },
    ]),
  );
  await writeFile(join(folder, 'problem.json'), JSON.stringify({ ...settings, arrays: header }));
  for (const [name, { data }] of Object.entries(arrays)) await writeFile(join(folder, `${name}.bin`), data);
}

/** The last line that the script printed. */
function run(
  folder: string,
  { python, script, arguments: rest = [], waitPolicy = 'default' }: PeerOptions,
): Promise<string> {
  const env = { ...process.env };
  delete env['OMP_WAIT_POLICY'];
  if (waitPolicy === 'passive') env['OMP_WAIT_POLICY'] = waitPolicy;
  const child = spawn(python, [resolve(`@ntk/peers/${script}`), folder, ...rest], { env });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const line = out.trim().split('\n').at(-1);
      if (code === 0 && line !== undefined) done(line);
      else
        reject(new NtkError(`${script}: ended with ${signal ?? code}: ${err.trim().split('\n').slice(-5).join('\n')}`));
    });
  });
}
