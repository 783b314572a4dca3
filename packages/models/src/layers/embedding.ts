import { z } from 'zod';
import { checkJson } from '../json.ts';
import { onlyInput, type LayerKind } from './layer.ts';
import { isNot } from './masks.ts';

const schema = z.object({
  input_dim: z.int().positive(),
  output_dim: z.int().positive(),
  mask_zero: z.boolean().nullish(),
});

/** Rows of a table [input_dim, output_dim] that whole numbers name; with mask_zero, steps of 0 are to be skipped. */
export const embedding: LayerKind = (config, context) => {
  const { input_dim: words, output_dim: width, mask_zero: maskZero } = checkJson(schema, config, context.place);
  return {
    slots: [{ name: 'embeddings', trainable: true }],
    pointwise: false,
    masking: 'reads',
    emit: (call) => {
      const { builder: b } = call;
      const x = onlyInput(call);
      const rows = b.gather(call.weight('embeddings', [words, width]), x, 0);
      if (maskZero) call.masks.set(rows, isNot(b, x, 0));
      return rows;
    },
  };
};

const maskingSchema = z.object({ mask_value: z.number().default(0) });

/** A sequence of which those steps are to be skipped whose entries are all one value; these become zeros. */
export const masking: LayerKind = (config, context) => {
  const { mask_value: value } = checkJson(maskingSchema, config, context.place);
  return {
    slots: [],
    pointwise: false,
    masking: 'reads',
    emit: (call) => {
      const { builder: b } = call;
      const x = onlyInput(call);
      const mask = b.max(isNot(b, x, value), [b.shape(x).length - 1]);
      const kept = b.mul(x, b.reshape(mask, [...b.shape(mask), 1].with(0, -1)));
      call.masks.set(kept, mask);
      return kept;
    },
  };
};
