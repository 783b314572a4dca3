import type { Value } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson } from '../json.ts';
import { filterWeight, readResponse } from './convolution.ts';
import { emitOverImages, type Rank } from './images.ts';
import type { LayerCall, LayerKind } from './layer.ts';
import { readSliding, type KerasSliding } from './sliding.ts';

const schema = z.object({
  depth_multiplier: z.int().positive().default(1),
});

interface Depthwise {
  readonly slot: string;
  readonly multiplier: number;
  readonly rank: Rank;
  readonly sliding: KerasSliding;
}

/** Every channel with filters of its own: kernel [(rows,) columns, channels, multiplier], the multiplier fastest in the result. */
function filterEach(call: LayerCall, images: Value, { slot, multiplier, rank, sliding }: Depthwise): Value {
  const { builder: b } = call;
  const [, rows, columns, channels] = b.shape(images) as [number, number, number, number];
  const weight = filterWeight(call, slot, [...sliding.kernel, channels, multiplier], rank);
  const filter = b.reshape(weight, [...sliding.kernel, 1, channels * multiplier]);
  return b.conv2d(images, filter, { ...sliding.windowOn([rows, columns]), groups: channels });
}

/** A convolution of every channel by itself. */
export function depthwiseConvolution(rank: Rank): LayerKind {
  return (config, context) => {
    const { depth_multiplier: multiplier } = checkJson(schema, config, context.place);
    const sliding = readSliding(config, rank, context);
    const response = readResponse(config, context);
    // Keras 3 renamed the weight.
    const slot = context.kerasVersion >= 3 ? 'kernel' : 'depthwise_kernel';
    const depthwise = { slot, multiplier, rank, sliding };
    return {
      slots: [{ name: slot, trainable: true }, ...response.slots],
      pointwise: false,
      emit: (call) =>
        response.emit(
          call,
          emitOverImages(call, rank, (images) => filterEach(call, images, depthwise)),
        ),
    };
  };
}

const separableSchema = schema.extend({ filters: z.int().positive() });

/** A convolution of every channel by itself, then one that mixes channels pixel by pixel. Source: Chollet (2017). */
export function separableConvolution(rank: Rank): LayerKind {
  return (config, context) => {
    const { filters, depth_multiplier: multiplier } = checkJson(separableSchema, config, context.place);
    const sliding = readSliding(config, rank, context);
    const response = readResponse(config, context);
    const depthwise = { slot: 'depthwise_kernel', multiplier, rank, sliding };
    return {
      slots: [
        { name: 'depthwise_kernel', trainable: true },
        { name: 'pointwise_kernel', trainable: true },
        ...response.slots,
      ],
      pointwise: false,
      emit: (call) => {
        const filtered = emitOverImages(call, rank, (images) => {
          const { builder: b } = call;
          const each = filterEach(call, images, depthwise);
          const shape = [1, 1, b.shape(each)[3]!, filters];
          return b.conv2d(each, filterWeight(call, 'pointwise_kernel', shape, rank));
        });
        return response.emit(call, filtered);
      },
    };
  };
}
