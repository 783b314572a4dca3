import type { TargetPredictions } from './target-predictions.ts';

/**
 * Each target predicted by the average of all other examples' targets, separately for every output.
 *
 * @param y - [n, c], row-major
 * @param c - outputs; there must be three examples or more
 * @returns mean and variance of the left-out target: (1 + 1/(n−1)) times the others' sample variance
 */
export function leaveOneOutConstant(y: Float64Array, c: number): TargetPredictions {
  const n = y.length / c;
  const totals = outputTotals(y, c);
  const centre = totals.sum.map((sum) => sum / n);
  const squares = outputTotals(
    y.map((value, i) => (value - centre[i % c]!) ** 2),
    c,
  ).sum;
  const mean = y.map((value, i) => (totals.sum[i % c]! - value) / (n - 1));
  // Leaving out one value lowers the sum of squares by n/(n−1) times its squared deviation.
  const variance = y.map((value, i) => {
    const others = squares[i % c]! - ((value - centre[i % c]!) ** 2 * n) / (n - 1);
    return atLeast(others / (n - 2), squares[i % c]! / (n * n), value) * (1 + 1 / (n - 1));
  });
  return { mean, variance };
}

/**
 * Each target predicted by the network as it is; the variance is the mean squared error on all other examples, for every output.
 *
 * @param f - outputs of the network, [n, c]
 */
export function leaveOneOutUntouched(y: Float64Array, f: Float64Array, c: number): TargetPredictions {
  const n = y.length / c;
  const squares = y.map((value, i) => (value - f[i]!) ** 2);
  const { sum } = outputTotals(squares, c);
  return {
    mean: f,
    variance: squares.map((square, i) => atLeast((sum[i % c]! - square) / (n - 1), sum[i % c]! / (n * n), y[i]!)),
  };
}

function outputTotals(values: Float64Array, c: number): { sum: Float64Array } {
  const sum = new Float64Array(c);
  values.forEach((value, i) => (sum[i % c]! += value));
  return { sum };
}

/**
 * The variance; where the others happen to be equal they cannot tell it, and 0 is no density: then 1/n of that of all errors, or the rounding of
 * the target.
 */
function atLeast(variance: number, share: number, y: number): number {
  if (variance > 1e-12 * share) return variance;
  return Math.max(share, Number.EPSILON * y * y, Number.MIN_VALUE / Number.EPSILON);
}
