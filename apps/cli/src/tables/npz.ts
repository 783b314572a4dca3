import { FormatError } from '@ntk/tensor';
import { unzipSync, zipSync } from 'fflate';
import { decodeNpy, encodeNpy, type NumericArray } from './npy.ts';

/**
 * Reads the arrays of a NumPy .npz archive, compressed or not, in the order of the archive.
 *
 * @param bytes - the file's content
 * @param source - what messages call the file
 * @throws {FormatError | UnsupportedError} if the archive or an array in it can't be read; it names the array
 */
export function decodeNpz(bytes: Uint8Array, source: string): ReadonlyMap<string, NumericArray> {
  const entries = Object.entries(unpack(bytes, source));
  const other = entries.find(([name]) => !name.endsWith('.npy'));
  if (other !== undefined || entries.length === 0) {
    const problem = other === undefined ? 'is empty' : `has a file '${other[0]}' in it`;
    throw new FormatError(`${source}: the archive ${problem}, expected .npy arrays; save it again with numpy.savez`);
  }
  return new Map(
    entries.map(([name, content]) => {
      const key = name.slice(0, -'.npy'.length);
      return [key, decodeNpy(content, `${source}, array '${key}'`)];
    }),
  );
}

/** Writes arrays as a NumPy .npz archive, uncompressed as by numpy.savez: digits of doubles hardly shrink, and packing them takes longer than all the rest. */
export function encodeNpz(arrays: ReadonlyMap<string, NumericArray>): Uint8Array {
  const files = Object.fromEntries([...arrays].map(([name, array]) => [`${name}.npy`, encodeNpy(array)]));
  // A fixed date: the same arrays give the same bytes.
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}

function unpack(bytes: Uint8Array, source: string): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes);
  } catch (cause) {
    throw new FormatError(`${source}: not a valid .npz archive, or cut short; save it again with numpy.savez`, {
      cause,
    });
  }
}
