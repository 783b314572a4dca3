import { type Matrix, matrix } from '@ntk/linop';

/** Mean and standard deviation of columns; a constant column has the deviation 1. */
export interface Standardizer {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** Measures the columns of data [n, d]. */
export function standardizerOf({ rows, columns, data }: Matrix): Standardizer {
  const mean = new Float64Array(columns);
  const deviation = new Float64Array(columns);
  data.forEach((value, i) => (mean[i % columns]! += value / rows));
  data.forEach((value, i) => (deviation[i % columns]! += (value - mean[i % columns]!) ** 2 / rows));
  // A spread that is only the rounding of the mean is none.
  const root = (variance: number, l: number): number => (variance > (1e-12 * mean[l]!) ** 2 ? Math.sqrt(variance) : 1);
  return { mean, deviation: deviation.map(root) };
}

/** Subtracts the mean and divides by the deviation, column by column; a new matrix. */
export function standardize({ rows, columns, data }: Matrix, { mean, deviation }: Standardizer): Matrix {
  const scaled = data.map((value, i) => (value - mean[i % columns]!) / deviation[i % columns]!);
  return matrix(rows, columns, scaled);
}
