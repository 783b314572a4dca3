import { FormatError, UnsupportedError, sizeOf, type Shape } from '@ntk/tensor';
import { halfToNumber } from './half.ts';
import type { ManifestEntry, WeightsGroup } from './weights-group.ts';

interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
}

/** A tensor of real numbers of a file. */
export interface StoredReals extends NamedShape {
  readonly type: 'float32';
  readonly values: Float32Array;
}

/** A tensor of whole numbers of a file, or of truth values as 0 and 1. */
export interface StoredIntegers extends NamedShape {
  readonly type: 'int32' | 'bool';
  readonly values: Int32Array;
}

/** A tensor of a file. */
export type StoredTensor = StoredReals | StoredIntegers;

/** The type of a tensor once it is no longer quantised. */
type StoredType = StoredTensor['type'];

/** How a file stores numbers: quantised ones as integers or in half precision. */
type Storage = StoredType | 'uint8' | 'uint16' | 'float16';

const bytesOf: { readonly [S in Storage]: number } = { float32: 4, uint8: 1, uint16: 2, float16: 2, int32: 4, bool: 1 };
const types: ReadonlySet<string> = new Set<StoredType>(['float32', 'int32', 'bool']);

/** Bytes that the weights of one group take. */
export function groupBytes(group: WeightsGroup, label: string): number {
  return group.weights.reduce((sum, entry) => sum + sizeOf(entry.shape) * bytesOf[storageOf(entry, label)], 0);
}

/**
 * Reads the tensors of a manifest from the concatenation of all its files. State of an optimizer is passed over.
 *
 * Quantised values q become q · scale + min, rounded to float32. Cost: one copy of the weights.
 *
 * @param label - the model's file in messages
 * @throws {FormatError} if the bytes are too few or too many, or a tensor is listed twice
 * @throws {UnsupportedError} if a tensor is of another type
 */
export function decodeTensors(manifest: readonly WeightsGroup[], bytes: Uint8Array, label: string): StoredTensor[] {
  const expected = manifest.reduce((sum, group) => sum + groupBytes(group, label), 0);
  if (bytes.length !== expected) {
    const paths = manifest.flatMap((group) => group.paths);
    throw new FormatError(
      `${label}: got ${bytes.length} bytes of weights in ${paths.join(', ')}, expected ${expected}; copy the files again`,
    );
  }
  const tensors: StoredTensor[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const entry of manifest.flatMap((group) => group.weights)) {
    const length = sizeOf(entry.shape) * bytesOf[storageOf(entry, label)];
    const own = bytes.subarray(offset, offset + length);
    offset += length;
    if (entry.group === 'optimizer') continue;
    if (names.has(entry.name)) throw listedTwice(entry.name, label);
    names.add(entry.name);
    tensors.push(decode(entry, own, label));
  }
  return tensors;
}

/** What a manifest says of its weights that a user should know. */
export function manifestNotes(manifest: readonly WeightsGroup[]): string[] {
  const entries = manifest.flatMap((group) => group.weights);
  const stored = new Set(entries.flatMap((entry) => entry.quantization?.dtype ?? []));
  const notes = [...stored].map((dtype) => `weights are quantised to ${dtype} in the file`);
  if (entries.some((entry) => entry.group === 'optimizer'))
    notes.push('the state of an optimizer in the file is not read');
  return notes;
}

function listedTwice(name: string, label: string): FormatError {
  return new FormatError(
    `${label}: got two weights named '${name}', expected unique names; rename the layers and export the model again`,
  );
}

function storageOf(entry: ManifestEntry, label: string): Storage {
  const storage = entry.quantization?.dtype ?? entry.dtype;
  if (storage in bytesOf && types.has(entry.dtype)) return storage as Storage;
  throw new UnsupportedError(
    `${label}: got the type '${types.has(entry.dtype) ? storage : entry.dtype}' for the weight '${entry.name}', expected float32, or float32 quantised to uint8, uint16 or float16; export the model in single precision`,
  );
}

function decode(entry: ManifestEntry, bytes: Uint8Array, label: string): StoredTensor {
  const { name, shape, dtype, quantization } = entry;
  const type = dtype as StoredType;
  const buffer = copyOf(bytes);
  const reals = (): Float32Array => (quantization ? dequantize(entry, buffer, label) : new Float32Array(buffer));
  if (type === 'float32') return { name, shape, type, values: reals() };
  if (quantization) return { name, shape, type, values: Int32Array.from(reals(), Math.round) };
  return { name, shape, type, values: type === 'int32' ? new Int32Array(buffer) : Int32Array.from(bytes) };
}

/** @param buffer - exactly the weight's bytes, little-endian */
function dequantize({ name, quantization }: ManifestEntry, buffer: ArrayBuffer, label: string): Float32Array {
  const { dtype, scale, min } = quantization!;
  if (dtype === 'float16') return Float32Array.from(new Uint16Array(buffer), halfToNumber);
  if (scale === undefined || min === undefined) {
    throw new FormatError(
      `${label}: got a weight '${name}' quantised to ${dtype} without scale or min, expected both; convert the model again`,
    );
  }
  const quantised = dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return Float32Array.from(quantised, (q) => q * scale + min);
}

/** Own, aligned storage; `slice` of a Node Buffer would be a view. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}
