import { OptionError, ShapeError } from '@ntk/tensor';

/**
 * Noise variances as one for each row.
 *
 * @param noiseVariance - σ², or one for each of n rows; absolute, in the units of A
 * @throws {OptionError | ShapeError} if one is not a positive number, or there are not n
 */
export function noiseOfRows(noiseVariance: number | Float64Array, n: number, caller: string): Float64Array {
  const noise = typeof noiseVariance === 'number' ? new Float64Array(n).fill(noiseVariance) : noiseVariance;
  if (noise.length !== n) {
    throw new ShapeError(`${caller}: got ${noise.length} noise variances, expected ${n}, or one number`);
  }
  const bad = noise.findIndex((value) => !(value > 0 && value < Infinity));
  if (bad >= 0) {
    throw new OptionError(
      `${caller}: got the noise variance ${noise[bad]}, expected a positive number: what A adds to the kernel's diagonal`,
    );
  }
  return noise;
}
