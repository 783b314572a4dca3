import { type Matrix, matrix } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { checkVariance, checkVector } from './checks.ts';

/**
 * S^{1/2} from one prior variance for all parameters, or one a parameter, [p].
 *
 * @throws {OptionError} if a variance is negative
 * @throws {ShapeError} if there is not one a parameter
 */
export function priorScales(priorVariance: number | Float64Array, p: number): Float64Array {
  if (typeof priorVariance === 'number') {
    checkVariance(priorVariance, 'priorVariance');
    return new Float64Array(p).fill(Math.sqrt(priorVariance));
  }
  checkVector(priorVariance, p, 'priorVariance');
  const bad = priorVariance.findIndex((value) => value < 0);
  if (bad >= 0)
    throw new OptionError(`priorVariance: got ${priorVariance[bad]} for parameter ${bad}, expected a variance ≥ 0`);
  return priorVariance.map(Math.sqrt);
}

/** a · diag(scale), new. */
export function scaleColumns(a: Matrix, scale: Float64Array): Matrix {
  const scaled = matrix(a.rows, a.columns);
  for (let i = 0; i < a.rows; i++) {
    const start = i * a.columns;
    for (let j = 0; j < a.columns; j++) scaled.data[start + j] = a.data[start + j]! * scale[j]!;
  }
  return scaled;
}
