import { z } from 'zod';
import { readActivation } from '../activations/activation.ts';
import { checkJson } from '../json.ts';
import { onlyInput, type LayerKind } from './layer.ts';

const schema = z.object({
  units: z.int().positive(),
  use_bias: z.boolean().default(true),
  activation: z.unknown().optional(),
});

/** activation(x · kernel + bias) over the last axis; kernel [inputs, units], bias [units]. */
export const dense: LayerKind = (config, context) => {
  const { units, use_bias: useBias, activation } = checkJson(schema, config, context.place);
  const activate = readActivation(activation, context);
  const bias = useBias ? [{ name: 'bias', trainable: true }] : [];
  return {
    slots: [{ name: 'kernel', trainable: true }, ...bias],
    pointwise: true,
    emit: (call) => {
      const x = onlyInput(call);
      const inputs = call.builder.shape(x).at(-1)!;
      const product = call.builder.matmul(x, call.weight('kernel', [inputs, units]));
      return activate(call, useBias ? call.builder.add(product, call.weight('bias', [units])) : product);
    },
  };
};
