import { UnsupportedError } from '@ntk/tensor';
import type { GpuInstance } from './gpu-module.ts';

/** The version that this package is tested with. */
const VERSION = '2.24.1';

/** The name is not a literal, so that bundlers and compilers do without a package that is not there. */
const importGpujs = (): Promise<unknown> => {
  const name: string = 'gpu.js';
  return import(name);
};

/** Makes the GPU of a loaded gpu.js. */
type GpuConstructor = new (settings?: { readonly mode?: string }) => GpuInstance;

/**
 * Loads gpu.js, an optional peer dependency, and makes a GPU of it: on a graphics card where it finds one, else in WebAssembly.
 *
 * @param load - how to import the module
 * @throws {UnsupportedError} if it is not installed or cannot start; the message says why and what to do
 */
export async function loadGpu(load: () => Promise<unknown> = importGpujs): Promise<GpuInstance> {
  try {
    return new (constructorOf(await load()))();
  } catch (cause) {
    throw new UnsupportedError(
      `gpujs: could not load gpu.js: ${reason(cause)} Install it with \`npm install gpu.js@${VERSION}\`, or choose another backend (cpu always works).`,
      { cause },
    );
  }
}

/** A CommonJS module may show its exports only under `default`. */
function constructorOf(loaded: unknown): GpuConstructor {
  const outer = loaded as { readonly GPU?: unknown; readonly default?: { readonly GPU?: unknown } } | null;
  const found = [outer?.GPU, outer?.default?.GPU].find((value) => typeof value === 'function');
  if (found === undefined) throw new Error('the module has no GPU');
  return found as GpuConstructor;
}

/** The first line of the cause, as a sentence. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0]!.trim().replace(/\.?$/, '.');
}
