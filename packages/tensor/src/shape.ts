import { ShapeError } from './errors.ts';

/** Extents of a row-major tensor, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** `[2, 3]` as it appears in messages and printed Programs. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Whether two shapes have the same rank and extents; no broadcasting. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/**
 * The shape of an elementwise result under NumPy broadcasting: shapes align at their last axis, an extent of 1 stretches.
 *
 * @throws {ShapeError} if two extents differ and neither is 1
 */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `broadcast: got ${formatShape(a)} and ${formatShape(b)}, expected extents that are equal or 1 (aligned at the last axis)`,
      );
    }
    result[axis] = x === 1 ? y : x;
  }
  return result;
}

/**
 * Strides that read `from` as if it had the shape `to`: 0 along stretched axes.
 * `from` must broadcast to `to`.
 */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  return to.map((_, axis) => {
    const source = axis - to.length + from.length;
    return source < 0 || from[source] === 1 ? 0 : own[source]!;
  });
}

/** Throws unless every extent is a non-negative integer. */
export function checkShape(shape: Shape, where: string): void {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new ShapeError(`${where}: got the shape ${formatShape(shape)}, expected non-negative integers`);
    }
  }
}
