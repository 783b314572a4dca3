import { sizeOf, type Shape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { view } from './view.ts';

/** Transposing is safe up to this rank in every engine. */
const MAX_RANK = 4;

/**
 * The elements of a tensor of shape `from` with its axes in another order.
 *
 * Cost: nothing where no two axes of more than one entry change their order, else one pass, or one for each axis that moves
 * where more than four groups of axes do.
 */
export function permute(tf: TfjsModule, x: NativeTensor, from: Shape, permutation: readonly number[]): NativeTensor {
  const { extents, order } = join(from, permutation);
  if (order.every((axis, i) => axis === i)) return x;
  if (extents.length <= MAX_RANK) return tf.transpose(view(tf, x, extents), order);
  return moveEach(tf, x, extents, order);
}

/** Drops axes of extent 1 and joins those that stay neighbours. */
function join(from: Shape, permutation: readonly number[]): { extents: number[]; order: number[] } {
  const runs: number[][] = [];
  for (const axis of permutation.filter((axis) => from[axis] !== 1)) {
    const previous = runs.at(-1);
    if (previous !== undefined && isNext(from, previous.at(-1)!, axis)) previous.push(axis);
    else runs.push([axis]);
  }
  const sorted = runs.toSorted((a, b) => a[0]! - b[0]!);
  return {
    extents: sorted.map((run) => sizeOf(run.map((axis) => from[axis]!))),
    order: runs.map((run) => sorted.indexOf(run)),
  };
}

/** Whether only axes of extent 1 lie between two axes. */
function isNext(from: Shape, axis: number, next: number): boolean {
  return next > axis && sizeOf(from.slice(axis + 1, next)) === 1;
}

/** Moves one axis after the other to its place, as a transposition of four axes. */
function moveEach(tf: TfjsModule, x: NativeTensor, extents: Shape, order: readonly number[]): NativeTensor {
  const current = extents.map((_, axis) => axis);
  let native = x;
  order.forEach((axis, place) => {
    const found = current.indexOf(axis);
    if (found === place) return;
    const size = (start: number, end?: number): number => sizeOf(current.slice(start, end).map((a) => extents[a]!));
    const parts = [size(0, place), size(place, found), extents[axis]!, size(found + 1)];
    native = tf.transpose(view(tf, native, parts), [0, 2, 1, 3]);
    current.splice(found, 1);
    current.splice(place, 0, axis);
  });
  return native;
}
