import { UnsupportedError, type ProgramBuilder, type Sliding, type TypedArray, type Value } from '@ntk/tensor';
import { averagePool, maxPool } from '../../windows/pooling.ts';
import { reachOf, samePads, sizeOfImages, type Steps } from '../../windows/extents.ts';
import type { StaticTensor, Traced, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { arrange } from '../view.ts';
import { overImages, type ChannelPlace } from './images.ts';
import { addBias } from './slots.ts';

/** How a graph pads: by numbers [top, bottom, left, right], or so that positions come to a given number. */
export type Padding = readonly number[] | 'same' | 'same at the beginning';

/** A window, how it moves, and how images are padded. */
export interface GraphWindow extends Steps {
  readonly padding: Padding;
  /** True if a last window may reach beyond the padded images. */
  readonly roundsUp?: boolean;
}

/** What a convolution is, beside its operands. */
export interface Convolution {
  readonly channels: ChannelPlace;
  /**
   * 'oihw' [outputs, inputs, rows, columns], 'hwio' [rows, columns, inputs, outputs]; sequences have no rows.
   * 'hwcm' [rows, columns, channels, multiplier] filters every channel by itself.
   */
  readonly filter: 'oihw' | 'hwio' | 'hwcm';
  readonly groups: number;
  readonly window: (kernel: readonly [number, number]) => GraphWindow;
}

/** The padding of images of a size, [top, bottom, left, right]. */
export function padsFor(size: readonly number[], window: GraphWindow): number[] {
  const { padding, kernel, strides, dilations, roundsUp } = window;
  if (padding === 'same') return samePads(size, window);
  if (padding === 'same at the beginning') {
    const [top, bottom, left, right] = samePads(size, window) as [number, number, number, number];
    return [bottom, top, right, left];
  }
  if (padding.some((pad) => pad < 0))
    throw new UnsupportedError(`got the pads [${padding.join(', ')}], expected none below 0`);
  if (!roundsUp) return [...padding];
  return [0, 1].flatMap((axis) => {
    const [before, after] = [padding[2 * axis]!, padding[2 * axis + 1]!];
    const rest = size[axis]! + before + after - reachOf(kernel[axis]!, dilations[axis]!);
    const up = Math.ceil(rest / strides[axis]!);
    // A window that would begin in the padding at the end is none.
    const last = up * strides[axis]! < size[axis]! + before ? up : up - 1;
    return [before, after + Math.max(0, last * strides[axis]! - rest)];
  });
}

function slidingFor(b: ProgramBuilder, images: Value, window: GraphWindow): Sliding {
  const { strides, dilations } = window;
  return { strides, dilations, pads: padsFor(sizeOfImages(b.shape(images)), window) };
}

/**
 * A filter as the Program takes it, [rows, columns, inputs, outputs].
 *
 * A weight of the file in another order becomes a parameter in this one: transposing it at every run would hide its use from the kernel's factors.
 */
function readFilter(tracer: Tracer, filter: Traced, layout: Convolution['filter']): Value {
  const b = tracer.builder;
  const rank = filter.kind === 'static' ? filter.shape.length : filter.axes.length;
  const order = layout === 'oihw' ? (rank === 4 ? [2, 3, 1, 0] : [2, 1, 0]) : Array.from({ length: rank }, (_, i) => i);
  const value =
    filter.kind === 'static' && filter.weight?.whole
      ? tracer.parameter({ ...wholeWeight(filter), ...(layout === 'oihw' && { permutation: order }) })
      : inOrder(b, tracer.weight(filter), order);
  if (layout === 'hwcm') {
    const [rows, columns, channels, multiplier] = b.shape(value) as [number, number, number, number];
    return b.reshape(value, [rows, columns, 1, channels * multiplier]);
  }
  return rank === 4 ? value : b.reshape(value, [1, ...b.shape(value)]);
}

function wholeWeight({ weight, shape, values }: StaticTensor): {
  name: string;
  shape: readonly number[];
  trainable: boolean;
  values: () => TypedArray;
} {
  return { name: weight!.name, shape, trainable: true, values: values as () => TypedArray };
}

function inOrder(b: ProgramBuilder, view: View, order: readonly number[]): Value {
  return arrange(
    b,
    view,
    order.map((axis) => view.axes[axis]!),
  );
}

function kernelOf(b: ProgramBuilder, filter: Value): [number, number] {
  const [rows, columns] = b.shape(filter);
  return [rows!, columns!];
}

/** Images correlated with a filter, plus a bias. */
export function convolve(
  tracer: Tracer,
  operands: { readonly images: Traced; readonly filter: Traced; readonly bias: Traced | undefined },
  convolution: Convolution,
): Traced {
  const filter = readFilter(tracer, operands.filter, convolution.filter);
  const window = convolution.window(kernelOf(tracer.builder, filter));
  const filtered = overImages(tracer, tracer.view(operands.images), convolution.channels, (b, images) =>
    b.conv2d(images, filter, { ...slidingFor(b, images, window), groups: convolution.groups }),
  );
  return withBias(tracer, filtered, operands, convolution);
}

/** What a transposed convolution makes of images of one size. */
export interface TransposedSize {
  readonly size: readonly number[];
  /** [top, bottom, left, right] */
  readonly pads: readonly number[];
}

/** The transpose of a convolution in its images, plus a bias. */
export function convolveTransposed(
  tracer: Tracer,
  operands: { readonly images: Traced; readonly filter: Traced; readonly bias: Traced | undefined },
  convolution: Convolution,
  sizeFrom: (positions: readonly number[], window: GraphWindow) => TransposedSize,
): Traced {
  const filter = readFilter(tracer, operands.filter, convolution.filter);
  const window = convolution.window(kernelOf(tracer.builder, filter));
  const { strides, dilations } = window;
  const result = overImages(tracer, tracer.view(operands.images), convolution.channels, (b, responses) => {
    const { size, pads } = sizeFrom(sizeOfImages(b.shape(responses)), window);
    return b.conv2dTranspose(responses, filter, { strides, dilations, pads, size, groups: convolution.groups });
  });
  return withBias(tracer, result, operands, convolution);
}

function withBias(
  tracer: Tracer,
  filtered: View,
  { filter, bias }: { readonly filter: Traced; readonly bias: Traced | undefined },
  { channels }: Convolution,
): Traced {
  const weight = filter.kind === 'static' ? filter.weight : undefined;
  if (weight) tracer.products.set(filtered.value, weight.name);
  if (bias === undefined) return filtered;
  return addBias(tracer, filtered, bias, channels === 'first' ? 1 : filtered.axes.length - 1);
}

/** The largest number of every window; padding does not count. */
export function maxOfWindows(tracer: Tracer, images: View, channels: ChannelPlace, window: GraphWindow): View {
  return overImages(tracer, images, channels, (b, x) =>
    maxPool(b, x, { kernel: window.kernel, ...slidingFor(b, x, window) }),
  );
}

/** The mean of every window; padding does not count unless it is said to. */
export function meanOfWindows(
  tracer: Tracer,
  images: View,
  channels: ChannelPlace,
  window: GraphWindow & { readonly countPadding?: boolean },
): View {
  return overImages(tracer, images, channels, (b, x) => {
    const sliding = slidingFor(b, x, window);
    const { padding, countPadding = false } = window;
    if (countPadding && typeof padding !== 'string' && sliding.pads.some((pad, i) => pad !== padding[i]))
      throw new UnsupportedError('got ceil_mode with padding that counts, expected one of both');
    return averagePool(b, x, { kernel: window.kernel, ...sliding }, { countPadding });
  });
}
