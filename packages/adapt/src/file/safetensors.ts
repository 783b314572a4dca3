import { FormatError, dtypeOf, sizeOf, type DType, type Shape, type TypedArray } from '@ntk/tensor';
import { z } from 'zod';

/** A tensor of a safetensors file. */
export interface StoredTensor {
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** What a safetensors file holds: named tensors and a map of texts. */
export interface SafetensorsContent {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const NAMES = { float32: 'F32', float64: 'F64' } as const satisfies Record<DType, string>;

const entrySchema = z.object({
  dtype: z.enum(['F32', 'F64']),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const metadataSchema = z.record(z.string(), z.string());

/**
 * The bytes of a safetensors file: 8 bytes with the length of the header, the header as JSON, then the tensors, row-major little-endian.
 *
 * Tensors start at multiples of 8 bytes. Source: github.com/huggingface/safetensors, "Format".
 */
export function encodeSafetensors({ tensors, metadata }: SafetensorsContent): Uint8Array<ArrayBuffer> {
  const header: Record<string, z.infer<typeof entrySchema> | Record<string, string>> = {
    __metadata__: { ...metadata },
  };
  let offset = 0;
  // Wider types first, so that all of them stay aligned without gaps, which the format does not allow.
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  for (const [name, { data, shape }] of ordered) {
    header[name] = { dtype: NAMES[dtypeOf(data)], shape: [...shape], data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((8 + json.length) / 8) * 8;
  const bytes = new Uint8Array(start + offset).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const [, { data }] of ordered) {
    bytes.set(littleEndian(data), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file.
 *
 * @param source - what messages call the file
 * @returns tensors copied out of `bytes`
 * @throws {FormatError} if the bytes are not a whole, consistent safetensors file
 */
export function decodeSafetensors(bytes: Uint8Array, source: string): SafetensorsContent {
  const { header, start } = readHeader(bytes, source);
  const { __metadata__, ...entries } = header;
  const metadata = metadataSchema.safeParse(__metadata__ ?? {});
  if (!metadata.success)
    throw new FormatError(`${source}: its metadata are not texts, expected a safetensors file; write it again`);
  const tensors = new Map<string, StoredTensor>();
  let end = 0;
  for (const [name, value] of Object.entries(entries)) {
    const entry = entrySchema.safeParse(value);
    if (!entry.success)
      throw new FormatError(
        `${source}: the entry of tensor '${name}' is damaged, expected dtype F32 or F64, shape and offsets; write the file again`,
      );
    const {
      dtype,
      shape,
      data_offsets: [from, to],
    } = entry.data;
    const width = dtype === 'F64' ? 8 : 4;
    if (to - from !== sizeOf(shape) * width) {
      throw new FormatError(
        `${source}: tensor '${name}' has ${to - from} bytes, expected ${sizeOf(shape) * width} for its shape; write the file again`,
      );
    }
    end = Math.max(end, to);
    if (start + to <= bytes.length)
      tensors.set(name, { shape, data: readElements(bytes, start + from, start + to, dtype) });
  }
  if (start + end !== bytes.length) {
    throw new FormatError(
      `${source}: has ${bytes.length} bytes, expected ${start + end}: the file is ${bytes.length < start + end ? 'truncated' : 'too long'}; copy or write it again`,
    );
  }
  return { tensors, metadata: metadata.data };
}

/** The JSON header and where the tensors start. */
function readHeader(bytes: Uint8Array, source: string): { header: Record<string, unknown>; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (8 + length > bytes.length) {
    throw new FormatError(
      `${source}: is not a safetensors file or is truncated within its header (${bytes.length} bytes); give a file written by ntk`,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw new FormatError(
      `${source}: its header is not JSON, expected a safetensors file; give a file written by ntk`,
      { cause: error },
    );
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header)) {
    throw new FormatError(
      `${source}: its header is not an object, expected a safetensors file; give a file written by ntk`,
    );
  }
  return { header: header as Record<string, unknown>, start: 8 + length };
}

function readElements(bytes: Uint8Array, from: number, to: number, dtype: 'F32' | 'F64'): TypedArray {
  // Not bytes.slice: the slice of a Node Buffer shares its memory.
  const copy = new Uint8Array(bytes.subarray(from, to));
  if (!hostIsLittleEndian()) swapBytes(copy, dtype === 'F64' ? 8 : 4);
  return dtype === 'F64' ? new Float64Array(copy.buffer) : new Float32Array(copy.buffer);
}

function littleEndian(data: TypedArray): Uint8Array {
  const view = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (hostIsLittleEndian()) return view;
  const copy = new Uint8Array(view);
  swapBytes(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

function hostIsLittleEndian(): boolean {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
