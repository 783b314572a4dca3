import type { TargetPredictions } from './target-predictions.ts';

/** Examples that are left out together. */
export type Folds = readonly (readonly number[])[];

/**
 * Each target predicted by the average of the targets outside its fold, separately for every output.
 *
 * @param y - [n, c], row-major
 * @param c - outputs; at least two examples must be outside of each fold
 * @returns mean and variance of the left-out targets, in the order of the folds: (1 + 1/k) times the sample variance of the k others
 */
export function leaveOutConstant(y: Float64Array, c: number, folds: Folds): TargetPredictions {
  const n = y.length / c;
  const centre = outputTotals(y, c).map((sum) => sum / n);
  const deviations = y.map((value, i) => value - centre[i % c]!);
  const squares = outputTotals(
    deviations.map((value) => value * value),
    c,
  );
  return predict(c, folds, (fold, output) => {
    const left = fold.map((example) => deviations[example * c + output]!);
    const others = n - fold.length;
    const shift = -left.reduce((sum, value) => sum + value, 0) / others;
    const rest = squares[output]! - left.reduce((sum, value) => sum + value * value, 0) - others * shift * shift;
    const variance = atLeast(rest / (others - 1), squares[output]! / (n * n), y[fold[0]! * c + output]!);
    return { mean: () => centre[output]! + shift, variance: variance * (1 + 1 / others) };
  });
}

/**
 * Each target predicted by the network as it is; the variance is the mean squared error on all examples outside its fold, for every output.
 *
 * @param f - outputs of the network, [n, c]
 */
export function leaveOutUntouched(y: Float64Array, f: Float64Array, c: number, folds: Folds): TargetPredictions {
  const n = y.length / c;
  const errors = y.map((value, i) => (value - f[i]!) ** 2);
  const totals = outputTotals(errors, c);
  return predict(c, folds, (fold, output) => {
    const rest = fold.reduce((sum, example) => sum - errors[example * c + output]!, totals[output]!);
    const variance = atLeast(rest / (n - fold.length), totals[output]! / (n * n), y[fold[0]! * c + output]!);
    return { mean: (example) => f[example * c + output]!, variance };
  });
}

interface FoldPrediction {
  readonly mean: (example: number) => number;
  readonly variance: number;
}

function predict(
  c: number,
  folds: Folds,
  predictFold: (fold: readonly number[], output: number) => FoldPrediction,
): TargetPredictions {
  const rows = folds.reduce((sum, fold) => sum + fold.length, 0) * c;
  const mean = new Float64Array(rows);
  const variance = new Float64Array(rows);
  let row = 0;
  for (const fold of folds) {
    const outputs = Array.from({ length: c }, (_, output) => predictFold(fold, output));
    for (const example of fold) {
      for (const prediction of outputs) {
        mean[row] = prediction.mean(example);
        variance[row] = prediction.variance;
        row++;
      }
    }
  }
  return { mean, variance };
}

function outputTotals(values: Float64Array, c: number): Float64Array {
  const sum = new Float64Array(c);
  values.forEach((value, i) => (sum[i % c]! += value));
  return sum;
}

/**
 * The variance; where the others happen to be equal they cannot tell it, and 0 is no density: then 1/n of that of all errors, or the rounding of
 * the target.
 */
function atLeast(variance: number, share: number, y: number): number {
  if (variance > 1e-12 * share) return variance;
  return Math.max(share, Number.EPSILON * y * y, Number.MIN_VALUE / Number.EPSILON);
}
