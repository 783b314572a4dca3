import { sizeOf, type ProgramBuilder, type Value } from '@ntk/tensor';

/**
 * Extents of a filter that is multiplied with windows laid out one by one, group by group. In what is made of them here, a single group has
 * no axis.
 */
export interface FilterShape {
  readonly kernel: readonly [number, number];
  readonly groups: number;
  /** Channels of one group that are read, and that are written. */
  readonly read: number;
  readonly written: number;
}

/** The extents of a filter [rows, columns, read, groups · written]. */
export function filterShape(filter: readonly number[], groups: number): FilterShape {
  const [rows, columns, read, written] = filter as [number, number, number, number];
  return { kernel: [rows, columns], groups, read, written: written / groups };
}

/** Windows [k, n, rows, columns, kernel · channels] as one matrix a group, [k, groups, n · positions, kernel · channels of the group]. */
export function windowMatrices(b: ProgramBuilder, windows: Value, { kernel, groups, read }: FilterShape): Value {
  const [k, n, rows, columns, width] = b.shape(windows) as [number, number, number, number, number];
  const positions = n * rows * columns;
  if (groups === 1) return b.reshape(windows, [k, positions, width]);
  const taps = kernel[0] * kernel[1];
  const split = b.transpose(b.reshape(windows, [k, positions, taps, groups, read]), [0, 3, 1, 2, 4]);
  return b.reshape(split, [k, groups, positions, taps * read]);
}

/**
 * The inverse of `windowMatrices`.
 *
 * @param positions - [n, rows, columns]
 */
export function windowsOfMatrices(
  b: ProgramBuilder,
  matrices: Value,
  positions: readonly number[],
  { kernel, groups, read }: FilterShape,
): Value {
  const k = b.shape(matrices)[0]!;
  const taps = kernel[0] * kernel[1];
  const shape = [k, ...positions, taps * groups * read];
  if (groups === 1) return b.reshape(matrices, shape);
  const split = b.reshape(matrices, [k, groups, sizeOf(positions), taps, read]);
  return b.reshape(b.transpose(split, [0, 2, 3, 1, 4]), shape);
}

/** Filters [k, kernel rows, kernel columns, read, groups · written] as matrices [k, groups, kernel · read, written] */
export function filterMatrix(b: ProgramBuilder, filters: Value, { kernel, groups, read, written }: FilterShape): Value {
  const k = b.shape(filters)[0]!;
  const taps = kernel[0] * kernel[1] * read;
  if (groups === 1) return b.reshape(filters, [k, taps, written]);
  return b.transpose(b.reshape(filters, [k, taps, groups, written]), [0, 2, 1, 3]);
}

/** The inverse of `filterMatrix`. */
export function filterOfMatrix(b: ProgramBuilder, matrices: Value, shape: FilterShape): Value {
  const { kernel, groups, read, written } = shape;
  const k = b.shape(matrices)[0]!;
  const joined = groups === 1 ? matrices : b.transpose(matrices, [0, 2, 1, 3]);
  return b.reshape(joined, [k, ...kernel, read, groups * written]);
}

/** Responses [k, n, rows, columns, groups · written] as matrices [k, groups, n · positions, written]. */
export function responseMatrix(b: ProgramBuilder, responses: Value, { groups, written }: FilterShape): Value {
  const [k, n, rows, columns] = b.shape(responses) as [number, number, number, number, number];
  const positions = n * rows * columns;
  if (groups === 1) return b.reshape(responses, [k, positions, written]);
  return b.transpose(b.reshape(responses, [k, positions, groups, written]), [0, 2, 1, 3]);
}

/** The inverse of `responseMatrix`: matrices [k, groups, n · positions, width] as [k, …shape] with groups · width last. */
export function responsesOfMatrix(b: ProgramBuilder, matrices: Value, groups: number, shape: readonly number[]): Value {
  const k = b.shape(matrices)[0]!;
  return b.reshape(groups === 1 ? matrices : b.transpose(matrices, [0, 2, 1, 3]), [k, ...shape]);
}

/** The only one of k = 1 right-hand sides, [1, …shape], as [...shape]. */
export function single(b: ProgramBuilder, x: Value): Value {
  return b.reshape(x, b.shape(x).slice(1));
}
