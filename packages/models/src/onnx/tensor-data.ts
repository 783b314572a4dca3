import { FormatError, UnsupportedError, sizeOf, type TypedArray } from '@ntk/tensor';
import type { ElementKind, StaticTensor } from '../graph/traced.ts';
import { staticTensor, weightTensor } from '../graph/static.ts';
import { halfToNumber } from '../weights-manifest/half.ts';
import type { OnnxTensor } from './messages.ts';

/** Gives the bytes of a file that a model names for its tensors. */
export type ExternalData = (location: string) => Uint8Array;

/** How entries of one type are stored and read. */
interface Storage {
  readonly element: ElementKind;
  readonly bytes: number;
  /** Entries of aligned bytes that belong to it. */
  readonly read: (buffer: ArrayBuffer) => TypedArray | readonly number[];
  /** Entries from the numbers that a file lists one by one, where these are bits. */
  readonly fromListed?: (value: number) => number;
}

/** A bfloat16 is the upper half of a float32. */
function brainToNumber(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setUint16(0, value);
  return bits.getFloat32(0);
}

/** By `TensorProto.DataType`. */
const storages: { readonly [dataType: number]: Storage } = {
  1: { element: 'float', bytes: 4, read: (buffer) => new Float32Array(buffer) },
  2: { element: 'int', bytes: 1, read: (buffer) => [...new Uint8Array(buffer)] },
  3: { element: 'int', bytes: 1, read: (buffer) => [...new Int8Array(buffer)] },
  4: { element: 'int', bytes: 2, read: (buffer) => [...new Uint16Array(buffer)] },
  5: { element: 'int', bytes: 2, read: (buffer) => [...new Int16Array(buffer)] },
  6: { element: 'int', bytes: 4, read: (buffer) => [...new Int32Array(buffer)] },
  7: { element: 'int', bytes: 8, read: (buffer) => Array.from(new BigInt64Array(buffer), Number) },
  9: { element: 'bool', bytes: 1, read: (buffer) => [...new Uint8Array(buffer)] },
  10: {
    element: 'float',
    bytes: 2,
    read: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToNumber),
    fromListed: halfToNumber,
  },
  11: { element: 'float', bytes: 8, read: (buffer) => new Float64Array(buffer) },
  12: { element: 'int', bytes: 4, read: (buffer) => [...new Uint32Array(buffer)] },
  13: { element: 'int', bytes: 8, read: (buffer) => Array.from(new BigUint64Array(buffer), Number) },
  16: {
    element: 'float',
    bytes: 2,
    read: (buffer) => Float32Array.from(new Uint16Array(buffer), brainToNumber),
    fromListed: brainToNumber,
  },
};

/** What a type of ONNX holds, or undefined for one that is not read (texts, complex numbers). */
export function elementKindOf(dataType: number): ElementKind | undefined {
  return storages[dataType]?.element;
}

/** Where a tensor stands, for messages and for files beside it. */
export interface TensorPlace {
  readonly label: string;
  readonly external: ExternalData;
}

/**
 * A tensor of a file. Its entries are decoded at first use.
 *
 * @param isWeight - true for an initializer, which a slot for weights makes a trainable parameter
 * @throws {UnsupportedError} if its type is not read
 * @throws {FormatError} if it has too few or too many bytes
 */
export function readTensor(tensor: OnnxTensor, isWeight: boolean, place: TensorPlace): StaticTensor {
  const storage = storages[tensor.dataType];
  const name = tensor.name === '' ? 'constant' : tensor.name;
  if (storage === undefined)
    throw new UnsupportedError(
      `${place.label}: got the data type ${tensor.dataType} of the tensor '${name}', expected real numbers, integers or truth values`,
    );
  let decoded: TypedArray | readonly number[] | undefined;
  const values = (): TypedArray | readonly number[] => (decoded ??= decode(tensor, storage, place));
  if (storage.element === 'float' && isWeight) return weightTensor(name, tensor.dims, values as () => TypedArray);
  return { ...staticTensor(storage.element, tensor.dims, [], name), values };
}

function decode(tensor: OnnxTensor, storage: Storage, place: TensorPlace): TypedArray | readonly number[] {
  const count = sizeOf(tensor.dims);
  const bytes = tensor.external ? externalBytes(tensor, count * storage.bytes, place) : tensor.raw;
  if (bytes === undefined) return listedValues(tensor, storage, count, place);
  if (bytes.length !== count * storage.bytes) throw wrongLength(tensor, bytes.length, count * storage.bytes, place);
  // Own, aligned storage: the file's bytes are neither.
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return storage.read(own.buffer);
}

function listedValues(
  tensor: OnnxTensor,
  storage: Storage,
  count: number,
  place: TensorPlace,
): TypedArray | readonly number[] {
  const { listed, dataType } = tensor;
  if (listed.length !== count)
    throw new FormatError(
      `${place.label}: got ${listed.length} entries of the tensor '${tensor.name}', expected ${count}; export the model again`,
    );
  const values = storage.fromListed ? listed.map(storage.fromListed) : listed;
  if (storage.element !== 'float') return values;
  return dataType === 11 ? Float64Array.from(values) : Float32Array.from(values);
}

function externalBytes(tensor: OnnxTensor, expected: number, { label, external }: TensorPlace): Uint8Array {
  const entries = tensor.external!;
  const location = entries.get('location');
  if (location === undefined)
    throw new FormatError(
      `${label}: got the tensor '${tensor.name}' without the file that holds it, expected a location; export the model again`,
    );
  const file = external(location);
  const offset = Number(entries.get('offset') ?? 0);
  const length = entries.has('length') ? Number(entries.get('length')) : expected;
  if (!(offset >= 0 && length >= 0 && offset + length <= file.length))
    throw new FormatError(
      `${label}: got ${file.length} bytes in '${location}', expected ${offset + length} for the tensor '${tensor.name}'; copy the file again`,
    );
  return file.subarray(offset, offset + length);
}

function wrongLength(tensor: OnnxTensor, got: number, expected: number, { label }: TensorPlace): FormatError {
  return new FormatError(
    `${label}: got ${got} bytes of the tensor '${tensor.name}', expected ${expected}; export the model again`,
  );
}
