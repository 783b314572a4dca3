import { sizeOf } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson } from '../json.ts';
import { reshapeExamples } from './axes.ts';
import { shapingLayer, type LayerKind } from './layer.ts';

const flattenSchema = z.object({ data_format: z.string().nullish() });

/** All axes of an example as one. */
export const flatten: LayerKind = (config, context) => {
  const { data_format: format } = checkJson(flattenSchema, config, context.place);
  // Channels-first files are stored as they run, but Keras flattens them in channels-last order.
  if (format === 'channels_first')
    context.unsupported("the data_format 'channels_first'", "the data_format 'channels_last'");
  return shapingLayer((b, x) => reshapeExamples(b, x, [sizeOf(b.shape(x).slice(1))]));
};

const reshapeSchema = z.object({ target_shape: z.array(z.int().min(-1)) });

/** An example in another shape; one extent may be -1. */
export const reshape: LayerKind = (config, context) => {
  const { target_shape: target } = checkJson(reshapeSchema, config, context.place);
  return shapingLayer((b, x) => {
    const known = sizeOf(target.filter((extent) => extent !== -1));
    const rest = sizeOf(b.shape(x).slice(1)) / known;
    return reshapeExamples(
      b,
      x,
      target.map((extent) => (extent === -1 ? rest : extent)),
    );
  });
};

const permuteSchema = z.object({ dims: z.array(z.int().positive()) });

/** The axes of an example in another order, counted from 1. */
export const permute: LayerKind = (config, context) => {
  const { dims } = checkJson(permuteSchema, config, context.place);
  return shapingLayer((b, x) => b.transpose(x, [0, ...dims]));
};

const repeatSchema = z.object({ n: z.int().positive() });

/** A vector n times, [d] → [n, d]. */
export const repeatVector: LayerKind = (config, context) => {
  const { n } = checkJson(repeatSchema, config, context.place);
  return shapingLayer((b, x) => {
    const width = b.shape(x).at(-1)!;
    return b.broadcastTo(reshapeExamples(b, x, [1, width]), [-1, n, width]);
  });
};
