/** A paired comparison of squared errors before and after, in units of each output's variance. */
export interface Comparison {
  readonly examples: number;
  /** Mean over examples of (error before)² − (error after)²; positive where after is better. */
  readonly gain: number;
  /** Standard error of that mean. */
  readonly standardError: number;
  /** Share of the mean squared error before that is gone after. */
  readonly relativeGain: number;
  /** Examples on which after is better, less those on which it is worse. */
  readonly balance: number;
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
  const errors = (mean: Float64Array): number[] =>
    Array.from({ length: n }, (_, example) =>
      weights.reduce(
        (sum, weight, output) => sum + weight * (y[example * c + output]! - mean[example * c + output]!) ** 2,
        0,
      ),
    );
  const [old, now] = [errors(before), errors(after)];
  const gains = old.map((error, i) => error - now[i]!);
  const total = old.reduce((sum, error) => sum + error, 0);
  const gain = gains.reduce((sum, value) => sum + value, 0);
  return {
    examples: n,
    gain: gain / n,
    standardError: Math.sqrt(varianceOf(gains) / n),
    relativeGain: total > 0 ? gain / total : 0,
    balance: gains.reduce((sum, value) => sum + Math.sign(value), 0),
  };
}

/** What a comparison says. */
export type Relation = 'better' | 'not distinguishable' | 'worse';

/** Less than this share of the squared error is no gain worth having, however consistent. */
const LEAST_RELATIVE_GAIN = 0.01;

/**
 * Whether after is better, at the two-sided level of 5 %, and by at least one per cent of the squared error: by Student's t on the differences, or by the sign
 * test, which counts on how many examples it is better; a few enormous errors drown a mean in their own spread.
 */
export function relationOf({ examples, gain, standardError, relativeGain, balance }: Comparison): Relation {
  if (Math.abs(relativeGain) < LEAST_RELATIVE_GAIN) return 'not distinguishable';
  const t = studentQuantile(examples - 1);
  const direction = Math.sign(gain);
  const isTold = direction * gain > t * standardError || direction * balance > t * Math.sqrt(examples);
  if (!isTold) return 'not distinguishable';
  return direction > 0 ? 'better' : 'worse';
}

/** The 97.5 % point of Student's t, to a few per cent for two degrees of freedom and better for more. Source: Abramowitz & Stegun 26.7.5. */
function studentQuantile(degrees: number): number {
  const z = 1.959963984540054;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}

/** Sample variance. */
function varianceOf(values: ArrayLike<number>): number {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, all.length - 1);
}
