import type { Prediction } from '@ntk/adapt';
import { normalQuantile } from '@ntk/gp';
import type { NumberColumn } from '../tables/write-table.ts';

/** Predictions of one target, one entry a predicted row. */
export interface TargetPrediction {
  readonly target: string;
  readonly mean: Float64Array;
  /** Of the noise-free function. */
  readonly variance: Float64Array;
  /** Of a new observation: noise included. */
  readonly totalVariance: Float64Array;
  /** Ends of the interval for a new observation. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** What turns a prediction of the noise-free function into one of observations. */
export interface ObservationModel {
  /** One name for each output. */
  readonly targets: readonly string[];
  /** One for all, or one for each output. */
  readonly noiseVariance: number | Float64Array;
  /** Probability of the interval. */
  readonly interval: number;
}

/** Splits a prediction [m·c] by output and adds the intervals of new observations. */
export function splitTargets({ mean, variance }: Prediction, model: ObservationModel): TargetPrediction[] {
  const { targets, noiseVariance, interval } = model;
  const z = normalQuantile(0.5 + interval / 2);
  return targets.map((target, output) => {
    const own = mean.filter((_, i) => i % targets.length === output);
    const functionVariance = variance.filter((_, i) => i % targets.length === output);
    const noise = typeof noiseVariance === 'number' ? noiseVariance : noiseVariance[output]!;
    const totalVariance = functionVariance.map((value) => value + noise);
    return {
      target,
      mean: own,
      variance: functionVariance,
      totalVariance,
      lower: own.map((value, i) => value - z * Math.sqrt(totalVariance[i]!)),
      upper: own.map((value, i) => value + z * Math.sqrt(totalVariance[i]!)),
    };
  });
}

/** Which rows of a table were predicted, and how variances are reported. */
export interface PredictionLayout {
  /** Rows of the table that the predictions are for. */
  readonly rows: readonly number[];
  /** Rows of the table. */
  readonly total: number;
  readonly includeNoise: boolean;
}

/**
 * The columns mean_, variance_, lower_ and upper_ of every target, one row for each row of the table in its order. Rows that
 * were left out for a missing cell have no value, NaN.
 */
export function predictionColumns(predictions: readonly TargetPrediction[], layout: PredictionLayout): NumberColumn[] {
  const { rows, total, includeNoise } = layout;
  const spread = (values: Float64Array): Float64Array => {
    const column = new Float64Array(total).fill(Number.NaN);
    rows.forEach((row, i) => (column[row] = values[i]!));
    return column;
  };
  return predictions.flatMap(({ target, mean, variance, totalVariance, lower, upper }) => [
    { name: `mean_${target}`, values: spread(mean) },
    { name: `variance_${target}`, values: spread(includeNoise ? totalVariance : variance) },
    { name: `lower_${target}`, values: spread(lower) },
    { name: `upper_${target}`, values: spread(upper) },
  ]);
}
