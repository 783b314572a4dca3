import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { sizeOfImages } from '../../windows/extents.ts';
import { repeatPixels } from '../../windows/upsample.ts';
import { staticTensor } from '../static.ts';
import type { View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { overImages, type ChannelPlace } from './images.ts';

/** Where the pixels of a resized image lie in the original. */
export interface Resizing {
  /** [rows, columns] of the result. */
  readonly size: readonly [number, number];
  /** True if the corners' centres coincide. */
  readonly alignCorners: boolean;
  /** True if pixels have their centres at halves, so that the corners coincide. */
  readonly halfPixelCenters: boolean;
}

/** The place in the original, in pixels, of each pixel along one axis of the result. Source: tensorflow/core/util/image_resizer_state.h. */
function placesOf(from: number, to: number, { alignCorners, halfPixelCenters }: Resizing): number[] {
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  return Array.from({ length: to }, (_, i) => (halfPixelCenters ? (i + 0.5) * scale - 0.5 : i * scale));
}

/** Images in another size; each pixel is the nearest of the original. */
export function resizeNearest(tracer: Tracer, view: View, channels: ChannelPlace, resizing: Resizing): View {
  return overImages(tracer, view, channels, (b, images) => {
    const from = sizeOfImages(b.shape(images));
    const nearest = from.map((extent, axis) => nearestOf(extent, resizing.size[axis]!, resizing));
    const times = from.map((extent, axis) => resizing.size[axis]! / extent) as [number, number];
    const isRepetition = nearest.every((list, axis) =>
      list.every((place, i) => place === Math.floor(i / times[axis]!)),
    );
    if (isRepetition && times.every(Number.isInteger)) return repeatPixels(b, images, times);
    return nearest.reduce((x, list, axis) => pixels(b, x, axis + 1, list), images);
  });
}

function nearestOf(from: number, to: number, resizing: Resizing): number[] {
  const { alignCorners, halfPixelCenters } = resizing;
  const shift = halfPixelCenters ? 0.5 : 0;
  return placesOf(from, to, resizing).map((place) => {
    const nearest = alignCorners ? Math.round(place) : Math.floor(place + shift);
    return Math.max(0, Math.min(from - 1, nearest));
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
  if (resizing.alignCorners && resizing.halfPixelCenters)
    throw new UnsupportedError('got align_corners with half_pixel_centers, expected one of both');
  return overImages(tracer, view, channels, (b, images) => {
    const [rows, columns] = sizeOfImages(b.shape(images));
    const [, , , c] = b.shape(images) as [number, number, number, number];
    const [down, across] = resizing.size;
    const matrix = (from: number, to: number): Value => tracer.fixed(interpolation(from, to, resizing)).value;
    const wide = b.matmul(matrix(columns, across), images); // [n, rows, across, c]
    const flat = b.reshape(wide, [-1, rows, across * c]);
    return b.reshape(b.matmul(matrix(rows, down), flat), [-1, down, across, c]);
  });
}

/** The matrix [to, from] that interpolates linearly along one axis. */
function interpolation(from: number, to: number, resizing: Resizing): ReturnType<typeof staticTensor> {
  const values = new Float64Array(to * from);
  placesOf(from, to, resizing).forEach((place, i) => {
    const low = Math.max(0, Math.min(from - 1, Math.floor(place)));
    const high = Math.min(from - 1, low + 1);
    const share = Math.max(0, Math.min(1, place - low));
    values[i * from + low]! += 1 - share;
    values[i * from + high]! += share;
  });
  return staticTensor(
    'float',
    [to, from],
    values,
    `interpolation ${from} to ${to}${resizing.alignCorners ? ' between corners' : ''}${resizing.halfPixelCenters ? ' between centres' : ''}`,
  );
}
