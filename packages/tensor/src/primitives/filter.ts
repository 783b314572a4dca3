import { ProgramError, ShapeError } from '../errors.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Operand } from './spec.ts';

/** Extents of a filter [kernel rows, kernel columns, channels read by one group, channels written by all]. */
export interface FilterExtents {
  readonly kernel: readonly [number, number];
  readonly groups: number;
  /** Channels of the image, of the positions, and the parts of one group. */
  readonly image: number;
  readonly positions: number;
  readonly imageOfGroup: number;
  readonly positionsOfGroup: number;
  /** Numbers that one group reads at one position. */
  readonly taps: number;
}

/**
 * The extents of a filter.
 *
 * @throws {ShapeError} if it has not four axes, or its groups do not divide its channels
 */
export function filterExtents(op: string, filter: Shape, groups: number): FilterExtents {
  const [rows, columns, imageOfGroup, positions] = filter as [number, number, number, number];
  if (filter.length !== 4 || !Number.isInteger(groups) || groups < 1 || positions % groups !== 0) {
    throw new ShapeError(
      `${op}: got a filter of ${formatShape(filter)} in ${groups} groups, expected [rows, columns, channels, channels] with groups that divide the last`,
    );
  }
  return {
    kernel: [rows, columns],
    groups,
    image: imageOfGroup * groups,
    positions,
    imageOfGroup,
    positionsOfGroup: positions / groups,
    taps: rows * columns * imageOfGroup,
  };
}

/** Throws unless `shape` ends with the channels that a filter expects there. */
export function checkChannels(op: string, shape: Shape, channels: number): void {
  if (shape[3] !== channels) {
    throw new ShapeError(
      `${op}: got ${shape[3] ?? 0} channels in ${formatShape(shape)}, expected the filter's ${channels}`,
    );
  }
}

/**
 * Examples lie along axis 0 of what is filtered, and share the filter.
 *
 * @throws {ProgramError} if they lie elsewhere
 */
export function filteredExampleAxis(op: string, axes: readonly (number | null)[]): number | null {
  const [axis, filter] = axes;
  if (filter !== null && filter !== undefined)
    throw new ProgramError(`${op}: the filter holds examples along axis ${filter}, expected one filter for all`);
  return imageExampleAxis(op, axis!);
}

/**
 * Examples lie along axis 0 of images.
 *
 * @throws {ProgramError} if they lie elsewhere
 */
export function imageExampleAxis(op: string, axis: number | null): number | null {
  if (axis !== null && axis !== 0)
    throw new ProgramError(`${op}: axis ${axis} holds examples, so windows would mix them; expected axis 0`);
  return axis;
}

/** The part of a filter that belongs to a group, in double precision: [taps, channels of the group], or its transpose. */
export function groupPanel(
  { data }: Operand,
  { taps, positions, positionsOfGroup }: FilterExtents,
  group: number,
  transposed: boolean,
): Float64Array {
  const panel = new Float64Array(taps * positionsOfGroup);
  for (let tap = 0; tap < taps; tap++) {
    for (let channel = 0; channel < positionsOfGroup; channel++) {
      const to = transposed ? channel * taps + tap : tap * positionsOfGroup + channel;
      panel[to] = data[tap * positions + group * positionsOfGroup + channel]!;
    }
  }
  return panel;
}
