import { FormatError, UnsupportedError, sizeOf } from '@ntk/tensor';
import { dump, parse, type NpyArray } from 'npyjs';

/** An array as doubles in row-major order. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

const NUMERIC = ['b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8'];

/**
 * Reads a NumPy .npy file: booleans, integers and floating-point numbers of any byte order, in C or Fortran order.
 *
 * @param bytes - the file's content
 * @param source - what messages call the file
 * @throws {FormatError} if the file is damaged, or a 64-bit integer is not exactly a double
 * @throws {UnsupportedError} if the elements are objects, text, records, dates or complex numbers
 */
export function decodeNpy(bytes: Uint8Array, source: string): NumericArray {
  const { data, shape, dtype, fortranOrder } = parseArray(bytes, source);
  const got = (data as unknown as ArrayLike<unknown>).length;
  if (got !== sizeOf(shape)) {
    throw damaged(
      source,
      `it holds ${got} numbers, expected ${sizeOf(shape)} for the shape (${shape.join(', ')}) in its header`,
    );
  }
  const doubles = toDoubles(data as unknown as ArrayLike<number | bigint | boolean>, { source, dtype });
  return { shape, data: fortranOrder ? fromFortranOrder(doubles, shape) : doubles };
}

/** Writes doubles as a NumPy .npy file (little-endian float64, C order). */
export function encodeNpy({ shape, data }: NumericArray): Uint8Array {
  return new Uint8Array(dump(data, [...shape]));
}

function parseArray(bytes: Uint8Array, source: string): NpyArray {
  if (bytes.length < 10 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== '\x93NUMPY') {
    throw damaged(source, 'it does not begin as a .npy file does');
  }
  const { content, type } = littleEndian(bytes, source);
  if (type !== undefined && !NUMERIC.includes(type)) {
    const kind = KINDS[type[0]!] ?? 'elements';
    throw new UnsupportedError(
      `${source}: the array holds ${kind} (type ${type}), expected booleans, integers or floating-point numbers; convert it with .astype(float) and save it again`,
    );
  }
  try {
    return parse(content);
  } catch (error) {
    throw damaged(source, 'its header and its data do not fit together', error);
  }
}

const KINDS: Readonly<Record<string, string>> = {
  O: 'Python objects',
  U: 'text',
  S: 'text',
  c: 'complex numbers',
  M: 'dates',
  m: 'time spans',
  V: 'records',
};

/** A copy in the only byte order that the library reads, and the type in the header: 'f8', or 'V' for records. */
function littleEndian(bytes: Uint8Array, source: string): { content: ArrayBuffer; type: string | undefined } {
  const content = new ArrayBuffer(bytes.length);
  const copy = Buffer.from(content);
  copy.set(bytes);
  const [start, length] =
    copy[6] === 1 ? [10, copy.readUInt16LE(8)] : [12, copy.length >= 12 ? copy.readUInt32LE(8) : 0];
  if (start + length > copy.length) throw damaged(source, 'it ends within its header');
  const header = copy.subarray(start, start + length).toString('latin1');
  if (/'descr'\s*:\s*\[/.test(header)) return { content, type: 'V' };
  const [, order, type] = /'descr'\s*:\s*'([<>|=]?)(\w+)/.exec(header) ?? [];
  const values = copy.subarray(start + length);
  const size = Number(type?.slice(1));
  if (order === '>' && values.length % size === 0) {
    copy[start + header.indexOf("'>") + 1] = '<'.charCodeAt(0);
    if (size === 2) values.swap16();
    if (size === 4) values.swap32();
    if (size === 8) values.swap64();
  }
  return { content, type };
}

function toDoubles(
  data: ArrayLike<number | bigint | boolean>,
  { source, dtype }: { readonly source: string; readonly dtype: string },
): Float64Array {
  const doubles = Float64Array.from(data, Number);
  if (dtype !== 'i8' && dtype !== 'u8') return doubles;
  const inexact = doubles.findIndex((double, i) => BigInt(double) !== data[i]);
  if (inexact >= 0) {
    throw new FormatError(
      `${source}: element ${inexact} is the integer ${String(data[inexact])}, which no double holds exactly; convert it with .astype(float), or encode it as categories`,
    );
  }
  return doubles;
}

/** Row-major order from column-major. */
function fromFortranOrder(data: Float64Array, shape: readonly number[]): Float64Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  return data.map(() => {
    const value = data[index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis]! + 1) % shape[axis]!;
      if (index[axis] !== 0) break;
    }
    return value;
  });
}

function damaged(source: string, problem: string, cause?: unknown): FormatError {
  return new FormatError(`${source}: not a valid .npy file: ${problem}; save the array again with numpy.save`, {
    cause,
  });
}
