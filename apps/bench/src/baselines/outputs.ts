import { ShapeError } from '@ntk/tensor';
import type { BaselineData, BaselinePrediction } from './baseline.ts';

/**
 * The sizes of target data.
 *
 * @throws {ShapeError} if arrays and number of examples do not fit
 */
export function sizesOf(where: string, { n, x, y }: BaselineData): { readonly d: number; readonly c: number } {
  const [d, c] = [x.length / n, y.length / n];
  if (n >= 1 && Number.isInteger(n) && Number.isInteger(d) && Number.isInteger(c) && d > 0 && c > 0) return { d, c };
  throw new ShapeError(
    `${where}: got ${n} examples, ${x.length} input numbers and ${y.length} targets, expected positive multiples of the number of examples`,
  );
}

/** Column `output` of values [rows, c]. */
export function columnOf(values: Float64Array, c: number, output: number): Float64Array {
  return Float64Array.from({ length: values.length / c }, (_, i) => values[i * c + output]!);
}

/** Joins one prediction [m] for each output to one [m, c]. */
export function joinOutputs(parts: readonly BaselinePrediction[]): BaselinePrediction {
  const c = parts.length;
  const join = (pick: (part: BaselinePrediction) => Float64Array): Float64Array =>
    Float64Array.from({ length: pick(parts[0]!).length * c }, (_, i) => pick(parts[i % c]!)[Math.floor(i / c)]!);
  return { mean: join((part) => part.mean), variance: join((part) => part.variance) };
}
