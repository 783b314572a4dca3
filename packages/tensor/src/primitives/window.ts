import { ShapeError } from '../errors.ts';
import { formatShape, sizeOf, type Shape } from '../shape.ts';

/** How a window moves over the rows and columns of an image. Pairs are [vertical, horizontal]; padding is with zeros. */
export interface Sliding {
  readonly strides: readonly number[];
  /** [top, bottom, left, right] */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
}

/** A window of given extents [rows, columns], and how it moves. */
export interface Window extends Sliding {
  readonly kernel: readonly number[];
}

/**
 * How many positions a window takes, [rows, columns].
 *
 * @param image - [rows, columns] without padding
 * @throws {ShapeError} if the window is no window, or does not fit into the padded image
 */
export function positionsOf(op: string, image: readonly number[], window: Window): [rows: number, columns: number] {
  const { kernel, strides, pads, dilations } = window;
  const counts = [...kernel, ...strides, ...dilations];
  const pairs = [image, kernel, strides, dilations].every((pair) => pair.length === 2);
  if (!pairs || pads.length !== 4 || !areIntegers(counts, 1) || !areIntegers(pads, 0)) {
    throw new ShapeError(
      `${op}: got kernel ${formatShape(kernel)}, strides ${formatShape(strides)}, pads ${formatShape(pads)}, dilations ${formatShape(dilations)}, expected two integers ≥ 1 each and four pads ≥ 0`,
    );
  }
  const along = (axis: 0 | 1): number => {
    const reach = dilations[axis]! * (kernel[axis]! - 1) + 1;
    return Math.floor((image[axis]! + pads[2 * axis]! + pads[2 * axis + 1]! - reach) / strides[axis]!) + 1;
  };
  const positions: [number, number] = [along(0), along(1)];
  if (positions.every((count) => count >= 1)) return positions;
  throw new ShapeError(
    `${op}: got an image of ${formatShape(image)} with pads ${formatShape(pads)}, expected at least the window of ${formatShape(kernel)} with dilations ${formatShape(dilations)}`,
  );
}

function areIntegers(values: readonly number[], least: number): boolean {
  return values.every((value) => Number.isInteger(value) && value >= least);
}

/**
 * Checks that windows laid out at `positions` came from an image of `size`.
 *
 * @throws {ShapeError} if that image gives another number of positions
 */
export function checkPositions(
  op: string,
  positions: readonly number[],
  size: readonly number[],
  window: Window,
): void {
  const expected = positionsOf(op, size, window);
  if (positions[0] === expected[0] && positions[1] === expected[1]) return;
  throw new ShapeError(
    `${op}: got ${formatShape(positions)} positions, expected ${formatShape(expected)}, those of a window on an image of ${formatShape(size)}`,
  );
}

/** Throws unless a shape has four axes: [n, rows, columns, channels]. */
export function checkImages(op: string, shape: Shape): void {
  if (shape.length !== 4)
    throw new ShapeError(`${op}: got the shape ${formatShape(shape)}, expected [n, rows, columns, channels]`);
}

/**
 * The pixel that each tap of the window reads at each position, row-major: [positions · taps], -1 in the padding.
 *
 * @param image - [rows, columns]
 */
export function tapPixels(image: readonly number[], window: Window): Int32Array {
  const [height, width] = image as [number, number];
  const { kernel, strides, pads, dilations } = window;
  const [rows, columns] = positionsOf('window', image, window);
  const pixels = new Int32Array(rows * columns * sizeOf(kernel));
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let i = 0; i < kernel[0]!; i++) {
        const y = row * strides[0]! - pads[0]! + i * dilations[0]!;
        for (let j = 0; j < kernel[1]!; j++) {
          const x = column * strides[1]! - pads[2]! + j * dilations[1]!;
          const isInside = y >= 0 && y < height && x >= 0 && x < width;
          pixels[next++] = isInside ? y * width + x : -1;
        }
      }
    }
  }
  return pixels;
}
