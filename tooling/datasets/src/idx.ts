import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/**
 * The bytes of a gzipped idx file, such as MNIST's images [n, 28, 28] or labels [n], without its header.
 *
 * @throws {Error} if the file holds something other than bytes
 */
export function readIdx(path: string): Uint8Array {
  const bytes = gunzipSync(readFileSync(path));
  const [type, rank] = [bytes[2], bytes[3]!];
  if (type !== 8) throw new Error(`${path}: got elements of type ${type}, expected bytes (8)`);
  return bytes.subarray(4 + 4 * rank);
}
