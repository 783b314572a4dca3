import type { DType, Program, TypedArray } from '@ntk/tensor';
import { fingerprint } from './fingerprint.ts';
import type { LiteralInputs } from './literal-inputs.ts';

/**
 * A key that two compilations share exactly if one session serves both. Literals count by their elements, not as arrays: a session outlives its
 * Executable in the cache, and the arrays may be written by then.
 *
 * Cost: linear in the size of the Program and in the bytes of the literals, about 2 ms for a megabyte.
 */
export async function compilationKey(program: Program, dtype: DType, literals: LiteralInputs): Promise<string> {
  const contents = [...literals].map(async ([input, data]) => `${input}=${await digest(data)}`);
  return [dtype, ...(await Promise.all(contents)), fingerprint(program)].join(' ');
}

/** SHA-256 of the elements, by the platform's Web Crypto, which takes no shared memory: hence the copy. */
async function digest({ buffer, byteOffset, byteLength }: TypedArray): Promise<string> {
  const bytes = Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength));
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).join('.');
}
