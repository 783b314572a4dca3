import { ProgramError } from '../errors.ts';
import type { Shape } from '../shape.ts';

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

/** Throws unless `axis` names an axis of `shape`. */
export function checkAxis(op: string, axis: number, shape: Shape): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
    throw new ProgramError(`${op}: got axis ${axis}, expected an integer from 0 to ${shape.length - 1}`);
  }
}
