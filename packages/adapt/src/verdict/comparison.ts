/** A paired comparison of squared errors before and after, in units of each output's variance. */
export interface Comparison {
  /** Mean over examples of (error before)² − (error after)²; positive where after is better. */
  readonly gain: number;
  /** Standard error of that mean. */
  readonly standardError: number;
}

/**
 * Compares two predictions of the same targets example by example, so that what makes an example hard for both cancels.
 *
 * @param y - [n, c]
 * @param predictions - both [n, c]; outputs are weighted by the inverse of their variance
 */
export function compareErrors(
  y: Float64Array,
  predictions: { readonly before: Float64Array; readonly after: Float64Array; readonly c: number },
): Comparison {
  const { before, after, c } = predictions;
  const n = y.length / c;
  const weights = Array.from(
    { length: c },
    (_, output) => 1 / (c * (varianceOf(y.filter((_value, i) => i % c === output)) || 1)),
  );
  const gains = Array.from({ length: n }, (_, example) =>
    weights.reduce((sum, weight, output) => {
      const i = example * c + output;
      return sum + weight * ((y[i]! - before[i]!) ** 2 - (y[i]! - after[i]!) ** 2);
    }, 0),
  );
  const gain = gains.reduce((sum, value) => sum + value, 0) / n;
  return { gain, standardError: Math.sqrt(varianceOf(gains) / n) };
}

/** Sample variance. */
function varianceOf(values: ArrayLike<number>): number {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, all.length - 1);
}
