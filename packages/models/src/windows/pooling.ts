import { sizeOf, type ProgramBuilder, type Value, type Window } from '@ntk/tensor';
import { sizeOfImages } from './extents.ts';

/** Below every number that a network computes, and finite, as constants have to be. */
const LOWEST = -3.4028234663852886e38;

/** The numbers that each window reads, along axes of their own. */
interface Pools {
  readonly values: Value;
  /** Axes to reduce; in row-major order they run through a window in row-major order. */
  readonly axes: readonly number[];
}

/** Windows that tile the images, maybe up to a rest at the end, are a reshape: nothing is copied. */
function poolsOf(b: ProgramBuilder, images: Value, window: Window): Pools {
  const { kernel, strides, pads } = window;
  const [, , , channels] = b.shape(images) as [number, number, number, number];
  const taps = sizeOf(kernel);
  if (pads.every((pad) => pad === 0) && kernel.every((extent, axis) => extent === strides[axis])) {
    const counts = sizeOfImages(b.shape(images)).map((size, axis) => Math.floor(size / kernel[axis]!));
    const whole = [0, 1].reduce((x, axis) => {
      const end = counts[axis]! * kernel[axis]!;
      return end === b.shape(images)[axis + 1] ? x : b.slice(x, axis + 1, { end });
    }, images);
    const split = [-1, counts[0]!, kernel[0]!, counts[1]!, kernel[1]!, channels];
    return { values: b.reshape(whole, split), axes: [2, 4] };
  }
  const windows = b.patches(images, window);
  const [, rows, columns] = b.shape(windows) as [number, number, number, number];
  return { values: b.reshape(windows, [-1, rows, columns, taps, channels]), axes: [3] };
}

/** 1 for each tap of each window that reads a pixel, 0 for those in the padding: [1, rows, columns, taps, 1]. */
function insideTaps(b: ProgramBuilder, images: Value, window: Window): Value {
  const ones = b.broadcastTo(b.scalar(1), [1, ...sizeOfImages(b.shape(images)), 1]);
  const taps = b.patches(ones, window);
  return b.reshape(taps, [...b.shape(taps), 1]);
}

function isPadded({ pads }: Window): boolean {
  return pads.some((pad) => pad > 0);
}

/** The largest number of each window; padding does not count. */
export function maxPool(b: ProgramBuilder, images: Value, window: Window): Value {
  const { values, axes } = poolsOf(b, images, window);
  const counted = isPadded(window) ? b.where(insideTaps(b, images, window), values, b.scalar(LOWEST)) : values;
  return b.max(counted, axes);
}

/** The mean of each window over its pixels; padding does not count, unless it is said to. */
export function averagePool(
  b: ProgramBuilder,
  images: Value,
  window: Window,
  options: { readonly countPadding?: boolean } = {},
): Value {
  const { values, axes } = poolsOf(b, images, window);
  const sums = b.sum(values, axes);
  if (options.countPadding || !isPadded(window)) return b.div(sums, b.scalar(sizeOf(window.kernel)));
  return b.div(sums, b.sum(insideTaps(b, images, window), [3]));
}
