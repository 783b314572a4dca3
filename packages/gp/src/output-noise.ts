import { ShapeError } from '@ntk/tensor';
import { deinterleave } from './outputs-posterior.ts';

/**
 * The noise variances of each output: one for all its rows where that is what was given, else one an example.
 *
 * @param noiseVariance - one for all, one an output [c], or one a row [n·c]
 * @throws {ShapeError} if the number of variances is none of these
 */
export function outputNoise(
  noiseVariance: number | Float64Array,
  examples: number,
  outputs: number,
): (number | Float64Array)[] {
  if (typeof noiseVariance === 'number') return new Array<number>(outputs).fill(noiseVariance);
  // With one example both readings are the same.
  if (noiseVariance.length === outputs) return [...noiseVariance];
  if (noiseVariance.length === examples * outputs) return deinterleave(noiseVariance, outputs, 'noiseVariance');
  throw new ShapeError(
    `noiseVariance: got ${noiseVariance.length} values, expected a number, ${outputs} (one an output) or ${examples * outputs} (one a row)`,
  );
}
