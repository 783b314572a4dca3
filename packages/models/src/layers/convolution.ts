import type { Shape, Value } from '@ntk/tensor';
import { z } from 'zod';
import { readActivation } from '../activations/activation.ts';
import { checkJson, type JsonObject } from '../json.ts';
import { emitOverImages, type Rank } from './images.ts';
import type { LayerCall, LayerContext, LayerKind, WeightSlot } from './layer.ts';
import { readSliding } from './sliding.ts';

const responseSchema = z.object({ use_bias: z.boolean().default(true), activation: z.unknown().optional() });

/** What comes after a filter: its bias, if there is one, and the activation. */
export interface Response {
  readonly slots: readonly WeightSlot[];
  readonly emit: (call: LayerCall, filtered: Value) => Value;
}

/** Understands what comes after a filter. */
export function readResponse(config: JsonObject, context: LayerContext): Response {
  const { use_bias: useBias, activation } = checkJson(responseSchema, config, context.place);
  const activate = readActivation(activation, context);
  return {
    slots: useBias ? [{ name: 'bias', trainable: true }] : [],
    emit: (call, filtered) => {
      const { builder: b } = call;
      const channels = b.shape(filtered).at(-1)!;
      return activate(call, useBias ? b.add(filtered, call.weight('bias', [channels])) : filtered);
    },
  };
}

/** A filter of a sequence as that of an image of one row. */
export function filterWeight(call: LayerCall, slot: string, shape: Shape, rank: Rank): Value {
  return rank === 2 ? call.weight(slot, shape) : call.builder.reshape(call.weight(slot, shape.slice(1)), shape);
}

const schema = z.object({
  filters: z.int().positive(),
  groups: z.int().positive().default(1),
});

/** activation(x ∗ kernel + bias); kernel [(rows,) columns, channels / groups, filters], bias [filters]. */
export function convolution(rank: Rank): LayerKind {
  return (config, context) => {
    const { filters, groups } = checkJson(schema, config, context.place);
    const sliding = readSliding(config, rank, context);
    const response = readResponse(config, context);
    return {
      slots: [{ name: 'kernel', trainable: true }, ...response.slots],
      pointwise: false,
      emit: (call) => {
        const filtered = emitOverImages(call, rank, (images) => {
          const { builder: b } = call;
          const [, rows, columns, channels] = b.shape(images) as [number, number, number, number];
          const kernel = filterWeight(call, 'kernel', [...sliding.kernel, channels / groups, filters], rank);
          return b.conv2d(images, kernel, { ...sliding.windowOn([rows, columns]), groups });
        });
        return response.emit(call, filtered);
      },
    };
  };
}
