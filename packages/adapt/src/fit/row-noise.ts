import { ShapeError } from '@ntk/tensor';

/** Noise variances of the training rows, and of new measurements. */
export interface RowNoise {
  /** One for all rows, or one for each [N]. */
  readonly rows: number | Float64Array;
  /** Of a new measurement of each output, [c]: the mean over the rows of that output. */
  readonly outputs: Float64Array;
}

/**
 * Noise variances from one for all, one for each output [c], or one for each row [n·c].
 *
 * @throws {ShapeError} if their number is none of these
 */
export function rowNoise(noise: number | Float64Array, n: number, c: number): RowNoise {
  if (typeof noise === 'number') return { rows: noise, outputs: new Float64Array(c).fill(noise) };
  if (noise.length !== c && noise.length !== n * c) {
    throw new ShapeError(
      `noise: got ${noise.length} variances, expected one number, ${c} (one for each output) or ${n * c} (one for each target)`,
    );
  }
  const rows = noise.length === c ? Float64Array.from({ length: n * c }, (_, i) => noise[i % c]!) : noise;
  const outputs = new Float64Array(c);
  rows.forEach((variance, i) => (outputs[i % c]! += variance / n));
  return { rows, outputs };
}
