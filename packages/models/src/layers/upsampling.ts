import { z } from 'zod';
import { checkJson } from '../json.ts';
import { repeatPixels } from '../windows/upsample.ts';
import { extents, formatField, imageLayer, pairOf, requireChannelsLast, type Rank } from './images.ts';
import type { LayerKind } from './layer.ts';

const schema = z.object({
  size: extents.default(2),
  interpolation: z.string().default('nearest'),
  data_format: formatField,
});

/**
 * Images or sequences with every pixel repeated. Interpolation between pixels is not read: Keras puts pixels' centres elsewhere
 * than TensorFlow.js does, so that one file has two meanings.
 */
export function upsampling(rank: Rank): LayerKind {
  return (config, context) => {
    const { size, interpolation, data_format: format } = checkJson(schema, config, context.place);
    requireChannelsLast(format, context);
    if (interpolation !== 'nearest')
      context.unsupported(`the interpolation '${interpolation}'`, "the interpolation 'nearest'");
    const times = pairOf(size, rank, context);
    return imageLayer(rank, (b, images) => repeatPixels(b, images, times));
  };
}
