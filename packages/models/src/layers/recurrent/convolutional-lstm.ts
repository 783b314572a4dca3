import { z } from 'zod';
import { readActivation } from '../../activations/activation.ts';
import { checkJson } from '../../json.ts';
import { lstmCell } from '../../recurrence/cells.ts';
import { samePads, sizeOfImages } from '../../windows/extents.ts';
import { readSliding } from '../sliding.ts';
import { gateActivation, type CellKind } from './cell-reader.ts';

const schema = z.object({
  filters: z.int().positive(),
  use_bias: z.boolean().default(true),
  activation: z.unknown().optional(),
});

/**
 * A long short-term memory over images, whose products are convolutions; kernel [rows, columns, channels, 4 filters], recurrent kernel
 * [rows, columns, filters, 4 filters]. Source: Shi et al. (2015), without peepholes.
 */
export const convolutionalLstm: CellKind = (config, context) => {
  const { filters, use_bias: useBias, activation } = checkJson(schema, config, context.place);
  const activate = readActivation(activation === undefined ? 'tanh' : activation, context);
  const gate = gateActivation(config, context);
  const sliding = readSliding(config, 2, context);
  const steady = { kernel: sliding.kernel, strides: [1, 1], dilations: [1, 1] } as const;
  return {
    slots: ['kernel', 'recurrent_kernel', ...(useBias ? ['bias'] : [])].map((name) => ({ name, trainable: true })),
    units: filters,
    axes: 5,
    build: (call, channels) => {
      const { builder: b } = call;
      const kernel = call.weight('kernel', [...sliding.kernel, channels, 4 * filters]);
      const recurrentKernel = call.weight('recurrent_kernel', [...sliding.kernel, filters, 4 * filters]);
      const activateState = (x: number): number => activate(call, x);
      const cell = lstmCell(b, {
        units: filters,
        prepare: (images) => {
          const filtered = b.conv2d(images, kernel, sliding.windowOn(sizeOfImages(b.shape(images))));
          return useBias ? b.add(filtered, call.weight('bias', [4 * filters])) : filtered;
        },
        recur: (h) => {
          if (h === null) return null;
          return b.conv2d(h, recurrentKernel, { ...steady, pads: samePads(sizeOfImages(b.shape(h)), steady) });
        },
        activation: activateState,
        outputActivation: activateState,
        recurrentActivation: gate(call),
        order: { i: 0, f: 1, c: 2, o: 3 },
      });
      return { ...cell, byStep: true };
    },
  };
};
