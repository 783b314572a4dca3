import { OptionError } from '@ntk/tensor';
import { type PrecisionRoot, logDeterminantOfPrecision, noisePrecisionRoot } from './precision-root.ts';

/** Noise of the targets: a variance for all rows, one a row [N] (in squared units of y), or a regular precision root. */
export type Noise = number | Float64Array | PrecisionRoot;

/**
 * Noise in any of its forms as a regular precision root.
 *
 * @throws {OptionError} if a variance is not positive, or the root is singular
 * @throws {ShapeError} if there is not one variance a row
 */
export function precisionRootOf(noise: Noise, rows: number): PrecisionRoot {
  if (typeof noise === 'number' || noise instanceof Float64Array) return noisePrecisionRoot(noise, rows);
  if (Number.isFinite(logDeterminantOfPrecision(noise))) return noise;
  throw new OptionError(
    'noise: got a singular precision root, expected a regular one, because targets need a density; ' +
      'use conditionKernel or conditionJacobian for a likelihood curvature',
  );
}
