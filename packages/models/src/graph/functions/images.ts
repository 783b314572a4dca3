import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { formatExtents } from '../extent.ts';
import type { View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { arrange, extentsOf } from '../view.ts';

/** Where a graph has the channels of images and sequences: 'first' [n, channels, rows, columns], 'last' [n, rows, columns, channels]. */
export type ChannelPlace = 'first' | 'last';

/** The graph's axes in the order [n, rows, columns, channels]; a sequence has no axis of rows. */
function axesInOrder(rank: number, channels: ChannelPlace): (number | undefined)[] {
  const positions = rank === 4 ? (channels === 'first' ? [2, 3] : [1, 2]) : [undefined, channels === 'first' ? 2 : 1];
  return [0, ...positions, channels === 'first' ? 1 : rank - 1];
}

/**
 * Applies an operation on images [n, rows, columns, channels] to a view of images or of sequences, which are images of one row.
 *
 * Its result has the order of storage of images, so that from one such operation to the next nothing is transposed.
 *
 * @throws {UnsupportedError} for other numbers of axes than three or four
 */
export function overImages(
  tracer: Tracer,
  view: View,
  channels: ChannelPlace,
  apply: (b: ProgramBuilder, images: Value) => Value,
): View {
  const b = tracer.builder;
  const rank = view.axes.length;
  if (rank !== 3 && rank !== 4)
    throw new UnsupportedError(
      `got an input of ${formatExtents(extentsOf(b, view))}, expected images of four axes or sequences of three`,
    );
  const order = axesInOrder(rank, channels);
  const images = arrange(
    b,
    view,
    order.map((axis) => (axis === undefined ? [] : view.axes[axis]!)),
  );
  const value = apply(b, images);
  const shape = b.shape(value);
  const axes = view.axes.map((_, axis) => {
    const place = order.indexOf(axis);
    return place !== 0 && shape[place] === 1 ? [] : [place];
  });
  return { ...view, value, axes };
}
