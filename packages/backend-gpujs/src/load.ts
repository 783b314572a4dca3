import { importFailure, isNotInstalled, UnsupportedError } from '@ntk/tensor';
import type { GpuInstance } from './gpu-module.ts';
import { Kernels } from './kernels.ts';

/** The version that this package is tested with. */
const VERSION = '2.24.1';

/** Where gpu.js comes from. */
export interface GpuEnvironment {
  /** Imports a package by its name; from beside this one unless given. */
  readonly load?: (name: string) => Promise<unknown>;
  /** Imports a package that `load` does not find, such as one beside the user's own files. */
  readonly elsewhere?: (name: string) => Promise<unknown>;
}

/** Makes the GPU of a loaded gpu.js. */
type GpuConstructor = new (settings?: { readonly mode: string }) => GpuInstance;

/**
 * Loads gpu.js, an optional peer dependency, and makes a GPU of it that computes: on a graphics card where it finds one that does, else in
 * WebAssembly.
 *
 * @returns a GPU, whose kernels go with the backend that is made of it
 * @throws {UnsupportedError} if it is not installed or cannot start; the message says why and what to do
 */
export async function loadGpu(environment: GpuEnvironment = {}): Promise<GpuInstance> {
  try {
    return await start(constructorOf(await importFrom(environment, 'gpu.js')));
  } catch (cause) {
    throw new UnsupportedError(`gpujs: could not load gpu.js: ${importFailure(cause)} ${remedy(cause)}`, { cause });
  }
}

async function importFrom({ load = importPackage, elsewhere }: GpuEnvironment, name: string): Promise<unknown> {
  try {
    return await load(name);
  } catch (error) {
    if (elsewhere === undefined || !isNotInstalled(error, name)) throw error;
    return elsewhere(name);
  }
}

/** The name is not a literal, so that bundlers and compilers do without a package that is not there. */
function importPackage(name: string): Promise<unknown> {
  return import(name);
}

/** A CommonJS module may show its exports only under `default`. */
function constructorOf(loaded: unknown): GpuConstructor {
  const outer = loaded as { readonly GPU?: unknown; readonly default?: { readonly GPU?: unknown } } | null;
  const found = [outer?.GPU, outer?.default?.GPU].find((value) => typeof value === 'function');
  if (found === undefined) throw new Error('the module has no GPU');
  return found as GpuConstructor;
}

/** A graphics card that is found may still not compute, where drivers are missing. */
async function start(GPU: GpuConstructor): Promise<GpuInstance> {
  try {
    return await computing(new GPU());
  } catch {
    return computing(new GPU({ mode: 'webasm' }));
  }
}

async function computing(gpu: GpuInstance): Promise<GpuInstance> {
  const kernels = new Kernels(gpu);
  try {
    const [sum] = await kernels.run('function (a) { return a[0] + a[1]; }', [1, 1, 1], [Float32Array.of(1, 2)]);
    if (sum !== 3) throw new Error(`in mode ${gpu.mode} it computes 1 + 2 = ${sum}`);
  } finally {
    kernels.destroy();
  }
  return gpu;
}

function remedy(cause: unknown): string {
  const what = isNotInstalled(cause, 'gpu.js') ? 'Install it with' : 'Install the version that is known to work with';
  return `${what} \`npm install gpu.js@${VERSION}\`, or choose another backend (cpu always works).`;
}
