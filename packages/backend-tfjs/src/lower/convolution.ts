import { sizeOf, type Attributes } from '@ntk/tensor';
import type { ExplicitPads, Extents4, NativeTensor, Pair, TfjsModule } from '../tfjs-module.ts';
import { padAlong, takeAlong } from './along.ts';
import { permute } from './permute.ts';
import type { Operand, Rule } from './rule.ts';
import { view } from './view.ts';

type Moves = Attributes['conv2d'];

const conv2d: Rule<'conv2d'> = (tf, [images, filter], { attributes, shape }) => {
  if (sizeOf(filter!.shape) === 0) return tf.fill([...shape], 0, 'float32');
  return convolve(tf, images!, filter!, attributes).native;
};

/** A convolution of operands that have elements, as engines have them, or put together from those. */
function convolve(tf: TfjsModule, images: Operand, filter: Operand, moves: Moves): Operand {
  const { strides, dilations, groups } = moves;
  const isStrided = strides.some((stride) => stride > 1);
  const isDilated = dilations.some((dilation) => dilation > 1);
  if (isStrided && isDilated) {
    // Engines have either: what lies between the strides is computed and dropped.
    const every = convolve(tf, images, filter, { ...moves, strides: [1, 1] });
    return [0, 1].reduce((x, axis) => {
      const step = strides[axis]!;
      return takeAlong(tf, x, axis + 1, { start: 0, count: Math.ceil(x.shape[axis + 1]! / step), step });
    }, every);
  }
  if (groups === 1) return convolveAll(tf, images, filter, moves);
  // TensorFlow has depthwise convolutions with equal strides and without dilation only.
  const isNative = filter.shape[2] === 1 && strides[0] === strides[1] && !isDilated;
  return isNative ? convolveDepthwise(tf, images, filter, moves) : convolveGroups(tf, images, filter, moves);
}

function convolveAll(tf: TfjsModule, images: Operand, filter: Operand, moves: Moves): Operand {
  const { strides, pads, dilations } = moves;
  const [x, w] = [view(tf, images.native, images.shape), view(tf, filter.native, filter.shape)];
  const native = tf.conv2d(x, w, pairOf(strides), explicit(pads), 'NHWC', pairOf(dilations));
  return { native, shape: native.shape };
}

function convolveDepthwise(tf: TfjsModule, images: Operand, filter: Operand, moves: Moves): Operand {
  const { strides, pads, groups } = moves;
  const [rows, columns, , written] = filter.shape as Extents4;
  const w = view(tf, filter.native, [rows, columns, groups, written / groups]);
  const native = tf.depthwiseConv2d(view(tf, images.native, images.shape), w, pairOf(strides), explicit(pads));
  return { native, shape: native.shape };
}

/** One group after the other. */
function convolveGroups(tf: TfjsModule, images: Operand, filter: Operand, moves: Moves): Operand {
  const { groups } = moves;
  const [n, height, width, channels] = images.shape as Extents4;
  const [rows, columns, read, written] = filter.shape as Extents4;
  const pixels = apart(tf, images.native, [n * height * width, groups, channels / groups]);
  const taps = apart(tf, filter.native, [rows * columns * read, groups, written / groups]);
  const parts = Array.from({ length: groups }, (_, group) => {
    const own = (all: Operand): NativeTensor => takeAlong(tf, all, 0, { start: group, count: 1, step: 1 }).native;
    return convolveAll(
      tf,
      { native: own(pixels), shape: [n, height, width, channels / groups] },
      { native: own(taps), shape: [rows, columns, read, written / groups] },
      moves,
    );
  });
  const { shape } = parts[0]!;
  const size = sizeOf(shape);
  const joined = tf.concat(
    parts.map(({ native }) => view(tf, native, [1, size])),
    0,
  );
  const native = permute(tf, joined, [groups, size / shape[3]!, shape[3]!], [1, 0, 2]);
  return { native, shape: shape.with(3, written) };
}

/** Numbers [outer, groups, inner] with the groups apart: [groups, outer, inner]. */
function apart(tf: TfjsModule, x: NativeTensor, [outer, groups, inner]: readonly [number, number, number]): Operand {
  return { native: permute(tf, x, [outer, groups, inner], [1, 0, 2]), shape: [groups, outer, inner] };
}

/**
 * A convolution with the filter turned around, of the responses put where their windows begin: the engines' own adjoint is ten times
 * slower on wasm.
 */
const conv2dTranspose: Rule<'conv2dTranspose'> = (tf, [responses, filter], { attributes, shape }) => {
  if (sizeOf(filter!.shape) === 0 || sizeOf(responses!.shape) === 0) return tf.fill([...shape], 0, 'float32');
  const { strides, dilations, groups, pads, size } = attributes;
  const ends = [0, 1].flatMap((axis) => {
    const reach = dilations[axis]! * (filter!.shape[axis]! - 1);
    const before = reach - pads[2 * axis]!;
    const covered = (responses!.shape[axis + 1]! - 1) * strides[axis]! + 1;
    return [before, size[axis]! + reach - before - covered];
  });
  const turned = turn(tf, filter!, groups);
  const convolved = (x: Operand, around: readonly number[]): Operand =>
    convolve(tf, x, turned, { strides: [1, 1], dilations, groups, pads: around });
  const placed = (x: Operand, around: readonly number[]): Operand => place(tf, x, strides, around);
  // A single tap is cheaper on the responses alone than with the zeros between them.
  if (filter!.shape[0] === 1 && filter!.shape[1] === 1) return placed(convolved(responses!, NONE), ends).native;
  // Where windows lie in the padding altogether, their responses are cut off, maybe all of them.
  const [inside, outside] = ends.some((end) => end < 0) ? [ends, NONE] : [NONE, ends];
  return convolved(placed(responses!, inside), outside).native;
};

const NONE: readonly number[] = [0, 0, 0, 0];

/** Images with strides - 1 zeros between neighbours and zeros around them, [top, bottom, left, right]; negative numbers cut off. */
function place(tf: TfjsModule, images: Operand, strides: readonly number[], ends: readonly number[]): Operand {
  return [0, 1].reduce((x, axis) => {
    const [before, after] = [ends[2 * axis]!, ends[2 * axis + 1]!];
    const padding = { before: Math.max(0, before), after: Math.max(0, after), step: strides[axis]! };
    const padded = padAlong(tf, x, axis + 1, padding);
    const start = Math.max(0, -before);
    const count = padded.shape[axis + 1]! - start - Math.max(0, -after);
    return takeAlong(tf, padded, axis + 1, { start, count, step: 1 });
  }, images);
}

/** A filter upside down and with its channels exchanged, group by group: [rows, columns, written of a group, read by all]. */
function turn(tf: TfjsModule, { native, shape }: Operand, groups: number): Operand {
  const [rows, columns, read, written] = shape as Extents4;
  const taps = rows * columns;
  const turned = taps === 1 ? native : tf.reverse(view(tf, native, [taps, read * written]), 0);
  const exchanged = permute(tf, turned, [taps, read, groups, written / groups], [0, 3, 2, 1]);
  return { native: exchanged, shape: [rows, columns, written / groups, groups * read] };
}

function pairOf([first, second]: readonly number[]): Pair {
  return [first!, second!];
}

function explicit([top, bottom, left, right]: readonly number[]): ExplicitPads {
  return [
    [0, 0],
    [top!, bottom!],
    [left!, right!],
    [0, 0],
  ];
}

/** Rules of convolutions. */
export const convolutionRules: {
  readonly conv2d: Rule<'conv2d'>;
  readonly conv2dTranspose: Rule<'conv2dTranspose'>;
} = { conv2d, conv2dTranspose };
