import { FormatError, UnsupportedError, sizeOf, type Shape } from '@ntk/tensor';
import { halfToNumber } from './half.ts';
import type { ManifestEntry, WeightsGroup } from './model-json.ts';

/** A weight tensor of a file. */
export interface StoredWeight {
  readonly name: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

type Storage = 'float32' | 'uint8' | 'uint16' | 'float16' | 'int32' | 'bool';

const bytesOf: { readonly [S in Storage]: number } = { float32: 4, uint8: 1, uint16: 2, float16: 2, int32: 4, bool: 1 };

/** Bytes that the weights of one group take. */
export function groupBytes(group: WeightsGroup, label: string): number {
  return group.weights.reduce((sum, entry) => sum + sizeOf(entry.shape) * bytesOf[storageOf(entry, label)], 0);
}

/**
 * Reads the weights of a manifest from the concatenation of all its files. State of an optimizer is passed over.
 *
 * Quantised values q become q · scale + min, rounded to float32. Cost: one copy of the weights.
 *
 * @param label - the model's file in messages
 * @throws {FormatError} if the bytes are too few or too many, a weight is listed twice, or one is not finite
 * @throws {UnsupportedError} if a weight is not of float32
 */
export function decodeWeights(manifest: readonly WeightsGroup[], bytes: Uint8Array, label: string): StoredWeight[] {
  const expected = manifest.reduce((sum, group) => sum + groupBytes(group, label), 0);
  if (bytes.length !== expected) {
    const paths = manifest.flatMap((group) => group.paths);
    throw new FormatError(
      `${label}: got ${bytes.length} bytes of weights in ${paths.join(', ')}, expected ${expected}; copy the files again`,
    );
  }
  const weights: StoredWeight[] = [];
  let offset = 0;
  for (const entry of manifest.flatMap((group) => group.weights)) {
    const length = sizeOf(entry.shape) * bytesOf[storageOf(entry, label)];
    if (entry.group !== 'optimizer') weights.push(decode(entry, bytes.subarray(offset, offset + length), label));
    offset += length;
  }
  const twice = weights.find(({ name }, i) => weights.findIndex((other) => other.name === name) < i);
  if (twice)
    throw new FormatError(
      `${label}: got two weights named '${twice.name}', expected unique names; rename the layers and export the model again`,
    );
  return weights;
}

function storageOf(entry: ManifestEntry, label: string): Storage {
  const storage = entry.quantization?.dtype ?? entry.dtype;
  if (storage in bytesOf) return storage as Storage;
  throw new UnsupportedError(
    `${label}: got the type '${storage}' for the weight '${entry.name}', expected float32, or float32 quantised to uint8, uint16 or float16; export the model in single precision`,
  );
}

function decode(entry: ManifestEntry, bytes: Uint8Array, label: string): StoredWeight {
  const { name, shape } = entry;
  if (entry.dtype !== 'float32') {
    throw new UnsupportedError(
      `${label}: got the type '${entry.dtype}' for the weight '${name}', expected float32; export the model in single precision`,
    );
  }
  const values = dequantize(entry, copyOf(bytes), label);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return { name, shape, values };
  throw new FormatError(
    `${label}: got ${values[bad]} at entry ${bad} of the weight '${name}', expected finite numbers; the training may have diverged: export an earlier state, or train again`,
  );
}

/** @param buffer - exactly the weight's bytes, little-endian */
function dequantize({ name, quantization }: ManifestEntry, buffer: ArrayBuffer, label: string): Float32Array {
  if (quantization === undefined) return new Float32Array(buffer);
  if (quantization.dtype === 'float16') return Float32Array.from(new Uint16Array(buffer), halfToNumber);
  const { scale, min } = quantization;
  if (scale === undefined || min === undefined) {
    throw new FormatError(
      `${label}: got a weight '${name}' quantised to ${quantization.dtype} without scale or min, expected both; convert the model again`,
    );
  }
  const quantised = quantization.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return Float32Array.from(quantised, (q) => q * scale + min);
}

/** Own, aligned storage; `slice` of a Node Buffer would be a view. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}
