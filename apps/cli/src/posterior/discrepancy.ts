/** How far the outputs of an exported network are from the posterior mean, in units of the targets. */
export interface Discrepancy {
  /** Root of the mean square over rows and outputs. */
  readonly rms: number;
  readonly largest: number;
  /** By how much adapting moved the outputs, as a root of the mean square: what `rms` compares with. */
  readonly moved: number;
}

/** Compares outputs with a posterior mean and with the outputs before adapting, [m·c] each. */
export function discrepancy(outputs: Float64Array, mean: Float64Array, untouched: Float64Array): Discrepancy {
  const errors = outputs.map((value, i) => value - mean[i]!);
  return {
    rms: rms(errors),
    largest: errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0),
    moved: rms(mean.map((value, i) => value - untouched[i]!)),
  };
}

function rms(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
