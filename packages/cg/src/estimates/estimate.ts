import { OptionError } from '@ntk/tensor';
import { studentQuantile } from './student-quantile.ts';

/** A number that was estimated from random vectors. */
export interface Estimate {
  readonly value: number;
  /** Standard deviation of `value` over random vectors, itself estimated from them. */
  readonly standardError: number;
  /** Lower end of the interval that holds the true number with the probability `confidence`. */
  readonly lower: number;
  /** Its upper end. */
  readonly upper: number;
  readonly confidence: number;
  /** Vectors that the operator was multiplied by. */
  readonly products: number;
}

/** Mean and standard error of independent samples. */
export interface SampleMean {
  readonly mean: number;
  readonly standardError: number;
}

/** Mean of some numbers and its standard error; of a single one the error is infinite. */
export function sampleMean(samples: ArrayLike<number>): SampleMean {
  const count = samples.length;
  let mean = 0;
  for (let i = 0; i < count; i++) mean += samples[i]! / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (samples[i]! - mean) ** 2;
  return { mean, standardError: count < 2 ? Infinity : Math.sqrt(squares / (count - 1) / count) };
}

/** How far Student's t reaches for a two-sided interval. */
export function reach(confidence: number, samples: number): number {
  return studentQuantile((1 + confidence) / 2, Math.max(1, samples - 1));
}

/** @throws {OptionError} unless a confidence is in (0, 1) */
export function checkConfidence(confidence: number, caller: string): void {
  if (confidence > 0 && confidence < 1) return;
  throw new OptionError(`${caller}: got confidence ${confidence}, expected a probability in (0, 1), such as 0.95`);
}

/** The sum of some numbers. */
export function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
