import { type Backend, UnsupportedError } from '@ntk/tensor';

/**
 * Checks that a backend can take the products of a dense algorithm.
 *
 * @throws {UnsupportedError} if it has no float64
 */
export function requireFloat64(backend: Backend, caller: string): void {
  if (backend.supports.float64) return;
  throw new UnsupportedError(
    `${caller}: got the backend ${backend.name}, which has no float64, expected one that has it; leave the backend out to compute on the host`,
  );
}
