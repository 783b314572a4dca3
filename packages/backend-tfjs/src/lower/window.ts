import { sizeOf, type Window } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { padAlong, takeAlong } from './along.ts';
import { permute } from './permute.ts';
import type { Operand, Rule } from './rule.ts';
import { view } from './view.ts';

/** A window along one of the two axes that it moves on. */
interface Side {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** A window along rows (0) or columns (1). */
function sideOf({ kernel, strides, dilations, pads }: Window, axis: 0 | 1): Side {
  return {
    kernel: kernel[axis]!,
    stride: strides[axis]!,
    dilation: dilations[axis]!,
    before: pads[2 * axis]!,
    after: pads[2 * axis + 1]!,
  };
}

/** What each tap reads along the middle axis of x [outer, extent, inner], one tap behind the other: [taps, outer, positions, inner]. */
function layTaps(tf: TfjsModule, x: Operand, { kernel, ...side }: Side, positions: number): NativeTensor {
  const padded = padAlong(tf, x, 1, { before: side.before, after: side.after, step: 1 });
  const taps = Array.from({ length: kernel }, (_, tap) => {
    const range = { start: tap * side.dilation, count: positions, step: side.stride };
    const { native, shape } = takeAlong(tf, padded, 1, range);
    return view(tf, native, [1, sizeOf(shape)]);
  });
  return taps.length === 1 ? taps[0]! : tf.concat(taps, 0);
}

/** The adjoint of `layTaps`: taps [taps, outer, positions, inner] added up where they read, [outer, size, inner]. */
function addTaps(tf: TfjsModule, taps: Operand, { kernel, ...side }: Side, size: number): NativeTensor {
  const [, outer, positions, inner] = taps.shape as [number, number, number, number];
  const extent = side.before + size + side.after;
  const placed = Array.from({ length: kernel }, (_, tap) => {
    const { native } = takeAlong(tf, taps, 0, { start: tap, count: 1, step: 1 });
    const before = tap * side.dilation;
    const after = extent - before - (positions - 1) * side.stride - 1;
    const padded = padAlong(tf, { native, shape: [outer, positions, inner] }, 1, { before, after, step: side.stride });
    return view(tf, padded.native, [outer, extent * inner]);
  });
  const native = placed.reduce((sum, tap) => tf.add(sum, tap));
  return takeAlong(tf, { native, shape: [outer, extent, inner] }, 1, { start: side.before, count: size, step: 1 })
    .native;
}

/**
 * Taps are laid out one behind the other, in long runs, and brought to their places by one transposition: joining them there would copy
 * a pixel at a time.
 */
const patches: Rule<'patches'> = (tf, [images], { attributes, shape: windows }) => {
  const [n, height, width, channels] = images!.shape as [number, number, number, number];
  const [, rows, columns] = windows as [number, number, number, number];
  const [tapRows, tapColumns] = attributes.kernel as [number, number];
  const pixels = { native: images!.native, shape: [n * height, width, channels] };
  const across = layTaps(tf, pixels, sideOf(attributes, 1), columns);
  const lines = { native: across, shape: [tapColumns * n, height, columns * channels] };
  const down = layTaps(tf, lines, sideOf(attributes, 0), rows);
  return permute(tf, down, [tapRows * tapColumns, n * rows * columns, channels], [1, 0, 2]);
};

const fold: Rule<'fold'> = (tf, [windows], { attributes, shape: images }) => {
  const [n, height, width, channels] = images as [number, number, number, number];
  const [, rows, columns] = windows!.shape as [number, number, number, number];
  const [tapRows, tapColumns] = attributes.kernel as [number, number];
  const taps = permute(tf, windows!.native, [n * rows * columns, tapRows * tapColumns, channels], [1, 0, 2]);
  const lines = { native: taps, shape: [tapRows, tapColumns * n, rows, columns * channels] };
  const down = addTaps(tf, lines, sideOf(attributes, 0), height);
  const pixels = { native: down, shape: [tapColumns, n * height, columns, channels] };
  return addTaps(tf, pixels, sideOf(attributes, 1), width);
};

/** Rules of the primitives that lay windows out and add them up. */
export const windowRules: { readonly patches: Rule<'patches'>; readonly fold: Rule<'fold'> } = { patches, fold };
