import { importFailure, isNotInstalled, UnsupportedError } from '@ntk/tensor';
import type { OrtModule } from './ort-module.ts';

/** Imports the native module; nothing is loaded before the first call. */
const importNative = (): Promise<unknown> => import('onnxruntime-node');

/**
 * Loads ONNX Runtime for Node.
 *
 * @param load - how to import the module; the optional dependency `onnxruntime-node` unless given
 * @throws {UnsupportedError} if it is not installed, has no build for this machine or cannot start; the message says which and what to do
 */
export async function loadOrt(load: () => Promise<unknown> = importNative): Promise<OrtModule> {
  let loaded: unknown;
  try {
    loaded = await load();
  } catch (cause) {
    throw new UnsupportedError(
      `ort: could not load onnxruntime-node on ${machine()}: ${importFailure(cause)} ${remedy(cause)}`,
      { cause },
    );
  }
  // A CommonJS module may show its exports only under `default`.
  const found = [loaded, (loaded as { default?: unknown } | null)?.default].find(isOrtModule);
  if (found !== undefined) return found;
  throw new UnsupportedError(
    'ort: onnxruntime-node was loaded but has no InferenceSession and Tensor; install the version that @ntk/backend-ort names in its package.json',
  );
}

function isOrtModule(value: unknown): value is OrtModule {
  return typeof value === 'object' && value !== null && 'InferenceSession' in value && 'Tensor' in value;
}

function machine(): string {
  return typeof process === 'undefined' ? 'this machine' : `${process.platform}-${process.arch}`;
}

function remedy(cause: unknown): string {
  return isNotInstalled(cause, 'onnxruntime-node')
    ? 'Install it with `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0`, or choose another backend (cpu always works).'
    : 'It has builds for Linux and Windows (x64, arm64) and macOS (arm64); elsewhere choose another backend (cpu always works).';
}
