import type { Matrix } from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { checkVector } from './checks.ts';
import { normalQuantile } from './normal-quantile.ts';

/** Variances that were estimated from samples, with intervals. */
export interface SampleVariance {
  /** [M] */
  readonly value: Float64Array;
  /** Lower ends of intervals that each hold the true variance with the probability `confidence`, [M]. */
  readonly lower: Float64Array;
  /** Their upper ends, [M]. */
  readonly upper: Float64Array;
}

/**
 * Estimates variances from samples of a Gaussian whose mean is known: s·estimate/variance has the χ² distribution of s degrees.
 *
 * @param samples - one a row, [s, M]; borrowed
 * @param mean - [M]; borrowed
 * @throws {ShapeError | NumericalError} if the mean does not fit
 * @throws {OptionError} unless the confidence is in (0, 1)
 *
 * The relative standard error is √(2/s). Quantiles of χ² by Wilson & Hilferty (1931), within 1e-3 of themselves from 8 samples on.
 */
export function sampleVariance(samples: Matrix, mean: Float64Array, confidence = 0.95): SampleVariance {
  const { rows: s, columns: m, data } = samples;
  checkVector(mean, m, 'mean');
  if (!(confidence > 0 && confidence < 1))
    throw new OptionError(`sampleVariance: got confidence ${confidence}, expected a probability in (0, 1)`);
  const value = new Float64Array(m);
  for (let i = 0; i < data.length; i++) value[i % m]! += (data[i]! - mean[i % m]!) ** 2 / s;
  const [low, high] = [(1 - confidence) / 2, (1 + confidence) / 2].map((probability) =>
    chiSquareQuantile(probability, s),
  );
  return { value, lower: value.map((v) => (v * s) / high!), upper: value.map((v) => (v * s) / low!) };
}

function chiSquareQuantile(probability: number, freedom: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * Math.max(0, 1 - spread + normalQuantile(probability) * Math.sqrt(spread)) ** 3;
}
