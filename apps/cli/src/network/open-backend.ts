import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gpujsBackend, loadGpu } from '@ntk/backend-gpujs';
import { ortBackend } from '@ntk/backend-ort';
import { loadTfjs, tfjsBackend, type TfjsName } from '@ntk/backend-tfjs';
import { cpuBackend, type Backend } from '@ntk/tensor';

/** Backends that run networks, by the words of --backend. */
export type BackendName = 'ort' | 'cpu' | TfjsName;

/**
 * Loads the backend of a name; nothing of it is loaded before.
 *
 * @throws {UnsupportedError} if its packages are absent or do not start; the message says which, why, and what to do
 */
export async function openBackend(name: BackendName): Promise<Backend> {
  if (name === 'cpu') return cpuBackend();
  if (name === 'ort') return ortBackend();
  return tfjsBackend(await loadTfjs(name, { elsewhere: importFromWorkingFolder }));
}

/**
 * Loads gpu.js, for the linear algebra alone.
 *
 * @throws {UnsupportedError} as `openBackend`
 */
export async function openGpujs(): Promise<Backend> {
  return gpujsBackend(await loadGpu({ elsewhere: importFromWorkingFolder }));
}

/** Imports a package that is installed where the command was started: npx keeps the command itself in another place. */
export async function importFromWorkingFolder(name: string): Promise<unknown> {
  const path = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  return import(pathToFileURL(path).href);
}
