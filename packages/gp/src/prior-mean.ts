import { type Matrix, matrix } from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import { checkOutputs, checkVector } from './checks.ts';

/**
 * The mean of the prior process at the training rows.
 *
 * `fixed`: known values, [N], such as the network's outputs; zero where no mean is given. `constant`: one unknown β an output, found by
 * generalised least squares under a flat prior; row i has the output i mod `outputs`.
 */
export type PriorMean =
  | { readonly kind: 'fixed'; readonly values: Float64Array }
  | { readonly kind: 'constant'; readonly outputs: number };

/** Targets split for the algebra: centred = y − what is subtracted before anything is solved; basis = rows of Hᵀ, [q, N]. */
export interface CentredTargets {
  readonly centred: Float64Array;
  readonly basis: Matrix;
  /** What was subtracted, one value an output; empty where the mean is fixed. */
  readonly offset: Float64Array;
}

/**
 * Checks targets and subtracts their mean: the fixed values, or the average of each output, so that β is small and cancels nothing.
 *
 * @throws {ShapeError} if lengths do not fit
 * @throws {NumericalError} with status `non-finite-input` if a target or a mean is NaN or infinite
 */
export function centreTargets(yTrain: Float64Array, rows: number, mean: PriorMean | undefined): CentredTargets {
  checkVector(yTrain, rows, 'yTrain');
  if (mean?.kind === 'constant') return centreConstant(yTrain, mean.outputs);
  if (mean !== undefined) checkVector(mean.values, rows, 'priorMean');
  const centred = yTrain.map((value, i) => value - (mean?.values[i] ?? 0));
  return { centred, basis: matrix(0, rows), offset: new Float64Array(0) };
}

/** Hᵀ for a constant an output: row a is 1 at the rows of output a, [outputs, rows]. */
export function constantBasis(outputs: number, rows: number): Matrix {
  checkOutputs(outputs, rows, 'constant mean');
  const basis = matrix(outputs, rows);
  for (let i = 0; i < rows; i++) basis.data[(i % outputs) * rows + i] = 1;
  return basis;
}

function centreConstant(yTrain: Float64Array, outputs: number): CentredTargets {
  const rows = yTrain.length;
  if (rows === 0) throw new ShapeError('constant mean: got no training rows, expected at least one example');
  const basis = constantBasis(outputs, rows);
  const offset = new Float64Array(outputs);
  yTrain.forEach((value, i) => {
    offset[i % outputs]! += (value * outputs) / rows;
  });
  return { centred: yTrain.map((value, i) => value - offset[i % outputs]!), basis, offset };
}
