import { ShapeError, exampleCount, outputCount, type Network, type TypedArray } from '@ntk/tensor';

/** Inputs and targets. */
export interface TrainingData {
  /** [n, …exampleShape], row-major. */
  readonly x: TypedArray;
  /** [n, c], row-major. */
  readonly y: Float64Array;
}

/**
 * The number of examples, checked.
 *
 * @throws {ShapeError} if inputs and targets do not belong together
 */
export function checkData(network: Network, { x, y }: TrainingData): number {
  const n = exampleCount(network, x.length);
  const c = outputCount(network);
  if (y.length === n * c) return n;
  throw new ShapeError(
    `adapt: got ${n} examples and ${y.length} targets, expected ${n * c} targets: ${c} for each example`,
  );
}

/** Some examples of a data set, copied. */
export function pickExamples({ x, y }: TrainingData, examples: readonly number[], n: number): TrainingData {
  return { x: pickRows(x, examples, x.length / n), y: Float64Array.from(pickRows(y, examples, y.length / n)) };
}

/** Some rows of a matrix with rows of a given width, copied. */
export function pickRows<T extends TypedArray>(values: T, rows: readonly number[], width: number): T {
  const picked = values.slice(0, rows.length * width) as T;
  rows.forEach((row, i) => picked.set(values.subarray(row * width, (row + 1) * width), i * width));
  return picked;
}
