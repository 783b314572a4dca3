import type { ProgramBuilder, Value, Window } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson } from '../json.ts';
import { averagePool, maxPool } from '../windows/pooling.ts';
import { sizeOfImages } from '../windows/extents.ts';
import { sumKept } from './axes.ts';
import { extents, formatField, imageLayer, overImages, requireChannelsLast, type Rank } from './images.ts';
import { shapingLayer, type LayerKind } from './layer.ts';
import { slidingOf } from './sliding.ts';

const schema = z.object({
  pool_size: extents.default(2),
  strides: extents.nullish(),
  padding: z.string().default('valid'),
  data_format: formatField,
});

/** A reduction of every window, channel by channel; steps are as long as the window unless said. */
function pooling(pool: (b: ProgramBuilder, images: Value, window: Window) => Value): (rank: Rank) => LayerKind {
  return (rank) => (config, context) => {
    const { pool_size: size, strides, padding, data_format: format } = checkJson(schema, config, context.place);
    const moves = { kernel_size: size, strides: strides ?? size, padding, dilation_rate: 1, data_format: format };
    const sliding = slidingOf(moves, rank, context);
    return imageLayer(rank, (b, images) => pool(b, images, sliding.windowOn(sizeOfImages(b.shape(images)))));
  };
}

/** The largest number of every window. */
export const maxPooling: (rank: Rank) => LayerKind = pooling(maxPool);
/** The mean of every window; padding does not count. */
export const averagePooling: (rank: Rank) => LayerKind = pooling((b, images, window) => averagePool(b, images, window));

const globalSchema = z.object({ data_format: formatField, keepdims: z.boolean().default(false) });

/** A reduction over all pixels, channel by channel. */
function globalPooling(reduce: (b: ProgramBuilder, images: Value) => Value): (rank: Rank) => LayerKind {
  return (rank) => (config, context) => {
    const { data_format: format, keepdims } = checkJson(globalSchema, config, context.place);
    requireChannelsLast(format, context);
    return shapingLayer((b, x) => {
      const kept = overImages(b, x, rank, (images) => {
        const channels = b.shape(images)[3]!;
        return b.reshape(reduce(b, images), [-1, 1, 1, channels]);
      });
      return keepdims ? kept : b.reshape(kept, [-1, b.shape(kept).at(-1)!]);
    });
  };
}

/** The largest number of every channel. */
export const globalMaxPooling: (rank: Rank) => LayerKind = globalPooling((b, images) => b.max(images, [1, 2]));

const meanOfAll = globalPooling((b, images) => {
  const [rows, columns] = sizeOfImages(b.shape(images));
  return b.div(b.sum(images, [1, 2]), b.scalar(rows * columns));
});

/** The mean of every channel; steps of a sequence that are to be skipped do not count. */
export function globalAveragePooling(rank: Rank): LayerKind {
  return (config, context) => {
    const layer = meanOfAll(rank)(config, context);
    return {
      ...layer,
      emit: (call) => {
        const { builder: b, inputs, masks } = call;
        const mask = rank === 1 ? masks.get(inputs[0]!) : undefined;
        if (mask === undefined) return layer.emit(call);
        const steps = b.shape(mask)[1]!;
        const shares = b.div(b.mul(mask, b.scalar(steps)), sumKept(b, mask, [1]));
        return layer.emit({ ...call, inputs: [b.mul(inputs[0]!, b.reshape(shares, [-1, steps, 1]))] });
      },
    };
  };
}
