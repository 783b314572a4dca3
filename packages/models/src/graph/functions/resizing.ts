import type { ProgramBuilder, Value } from '@ntk/tensor';
import { sizeOfImages } from '../../windows/extents.ts';
import { repeatPixels } from '../../windows/upsample.ts';
import { staticTensor } from '../static.ts';
import type { StaticTensor, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { overImages, type ChannelPlace } from './images.ts';

/** How images are resized. */
export interface Resizing {
  /** [rows, columns] of the result. */
  readonly size: readonly [number, number];
  /** The places in the original, in pixels, of the pixels along one of the two axes of the result. */
  readonly placesOf: (from: number, to: number, axis: number) => readonly number[];
  /** The pixel that stands for a place between two. */
  readonly nearest: (place: number) => number;
  /** What tells these places from others of the same sizes, for the names of matrices. */
  readonly name: string;
}

/** Images in another size; each pixel is the nearest of the original. */
export function resizeNearest(tracer: Tracer, view: View, channels: ChannelPlace, resizing: Resizing): View {
  const { size, placesOf, nearest } = resizing;
  return overImages(tracer, view, channels, (b, images) => {
    const from = sizeOfImages(b.shape(images));
    const taken = from.map((extent, axis) =>
      placesOf(extent, size[axis]!, axis).map((place) => Math.max(0, Math.min(extent - 1, nearest(place)))),
    );
    const times = from.map((extent, axis) => size[axis]! / extent) as [number, number];
    const isRepetition = taken.every((list, axis) => list.every((place, i) => place === Math.floor(i / times[axis]!)));
    if (isRepetition && times.every(Number.isInteger)) return repeatPixels(b, images, times);
    return taken.reduce((x, list, axis) => pixels(b, x, axis + 1, list), images);
  });
}

function pixels(b: ProgramBuilder, images: Value, axis: number, places: readonly number[]): Value {
  return b.concat(
    places.map((place) => b.slice(images, axis, { start: place, end: place + 1 })),
    axis,
  );
}

/** Images in another size; each pixel is interpolated between the four around its place: one product with a matrix for each axis. */
export function resizeBilinear(tracer: Tracer, view: View, channels: ChannelPlace, resizing: Resizing): View {
  return overImages(tracer, view, channels, (b, images) => {
    const [rows, columns] = sizeOfImages(b.shape(images));
    const [, , , c] = b.shape(images) as [number, number, number, number];
    const [down, across] = resizing.size;
    const matrix = (from: number, axis: number): Value => tracer.fixed(interpolation(from, axis, resizing)).value;
    const wide = b.matmul(matrix(columns, 1), images); // [n, rows, across, c]
    const flat = b.reshape(wide, [-1, rows, across * c]);
    return b.reshape(b.matmul(matrix(rows, 0), flat), [-1, down, across, c]);
  });
}

/** The matrix [to, from] that interpolates linearly along one axis. */
function interpolation(from: number, axis: number, { size, placesOf, name }: Resizing): StaticTensor {
  const to = size[axis]!;
  const values = new Float64Array(to * from);
  placesOf(from, to, axis).forEach((place, i) => {
    const low = Math.max(0, Math.min(from - 1, Math.floor(place)));
    const high = Math.min(from - 1, low + 1);
    const share = Math.max(0, Math.min(1, place - low));
    values[i * from + low]! += 1 - share;
    values[i * from + high]! += share;
  });
  return staticTensor('float', [to, from], values, `interpolation ${from} to ${to}${name}`);
}
