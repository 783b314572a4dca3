import { ProgramError } from '../errors.ts';
import { broadcastStrides, type Shape } from '../shape.ts';

/**
 * The example axis of a broadcast result: operands align at the last axis, so axes are compared counted from the end.
 *
 * @throws {ProgramError} if two operands hold their examples along different axes, or if an operand without an
 *   example axis varies along it (it would pair its entries with particular examples)
 */
export function broadcastExampleAxis(
  op: string,
  axes: readonly (number | null)[],
  shapes: readonly Shape[],
): number | null {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const aligned = axes.map((axis, i) => (axis === null ? null : axis + rank - shapes[i]!.length));
  const found = aligned.find((axis) => axis !== null) ?? null;
  if (found === null) return null;
  shapes.forEach((shape, i) => {
    const own = aligned[i] ?? null;
    if (own !== null && own !== found) {
      throw new ProgramError(`${op}: operands hold examples along axes ${found} and ${own}, expected the same axis`);
    }
    const extent = shape[found - rank + shape.length] ?? 1;
    if (own === null && extent !== 1) {
      throw new ProgramError(
        `${op}: operand ${i} has no example axis but varies along axis ${found}, where the other holds examples`,
      );
    }
  });
  return found;
}

/**
 * Calls `visit(outIndex, offsets)` for every element of the row-major shape `to`, with the offset of each operand read by broadcasting.
 * `offsets` is reused between calls.
 */
export function forEachBroadcast(
  to: Shape,
  from: readonly Shape[],
  visit: (outIndex: number, offsets: readonly number[]) => void,
): void {
  const strides = from.map((shape) => broadcastStrides(shape, to));
  const size = to.reduce((product, extent) => product * extent, 1);
  const index = new Array<number>(to.length).fill(0);
  const offsets = new Array<number>(from.length).fill(0);
  for (let i = 0; i < size; i++) {
    visit(i, offsets);
    for (let axis = to.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      for (let k = 0; k < offsets.length; k++) offsets[k] = offsets[k]! + strides[k]![axis]!;
      if (index[axis]! < to[axis]!) break;
      for (let k = 0; k < offsets.length; k++) offsets[k] = offsets[k]! - strides[k]![axis]! * to[axis]!;
      index[axis] = 0;
    }
  }
}

/** Throws unless `axis` names an axis of `shape`. */
export function checkAxis(op: string, axis: number, shape: Shape): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
    throw new ProgramError(`${op}: got axis ${axis}, expected an integer from 0 to ${shape.length - 1}`);
  }
}
