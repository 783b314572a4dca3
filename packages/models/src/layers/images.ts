import { ShapeError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { z } from 'zod';
import { formatExample } from './axes.ts';
import { onlyInput, shapingLayer, type Layer, type LayerCall, type LayerContext } from './layer.ts';

/** Axes that a layer slides along: 1 for sequences [n, steps, channels], 2 for images [n, rows, columns, channels]. */
export type Rank = 1 | 2;

/** One number for all axes, or one for each. */
export const extents: z.ZodType<number | number[]> = z.union([z.int().positive(), z.array(z.int().positive())], {
  error: 'a positive integer, or one for each axis',
});

/** A number for each axis of an image; a sequence is an image of one row. */
export function pairOf(value: number | readonly number[], rank: Rank, context: LayerContext): [number, number] {
  const each = typeof value === 'number' ? new Array<number>(rank).fill(value) : value;
  if (each.length !== rank) {
    context.unsupported(`${each.length} extents [${each.join(', ')}]`, rank === 1 ? 'one extent' : 'two extents');
    return [1, 1];
  }
  return rank === 1 ? [1, each[0]!] : [each[0]!, each[1]!];
}

/** Where channels lie; absent or null is Keras' default, last. */
export const formatField: z.ZodOptional<z.ZodNullable<z.ZodString>> = z.string().nullish();

/** Notes that channels lie first, which is not read: dense layers after such a layer count on the other order. */
export function requireChannelsLast(format: string | null | undefined, context: LayerContext): void {
  if (format === null || format === undefined || format === 'channels_last') return;
  context.unsupported(`the data_format '${format}'`, "the data_format 'channels_last'");
}

/** Applies an operation on images to sequences, as images of one row, or to images. */
export function overImages(b: ProgramBuilder, x: Value, rank: Rank, apply: (images: Value) => Value): Value {
  const shape = b.shape(x);
  if (shape.length !== rank + 2) {
    const expected = rank === 1 ? '[null, steps, channels]' : '[null, rows, columns, channels]';
    throw new ShapeError(`got inputs of shape ${formatExample(shape)}, expected ${expected}`);
  }
  if (rank === 2) return apply(x);
  const result = apply(b.reshape(x, [-1, 1, ...shape.slice(1)]));
  return b.reshape(result, [-1, ...b.shape(result).slice(2)]);
}

/** A layer without weights that acts on images, or on sequences as on images of one row. */
export function imageLayer(rank: Rank, emit: (builder: ProgramBuilder, images: Value) => Value): Layer {
  return shapingLayer((b, x) => overImages(b, x, rank, (images) => emit(b, images)));
}

/** A layer with weights that does. */
export function emitOverImages(call: LayerCall, rank: Rank, emit: (images: Value) => Value): Value {
  return overImages(call.builder, onlyInput(call), rank, emit);
}
