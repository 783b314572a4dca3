import { z } from 'zod';
import { checkJson } from '../json.ts';
import { reachOf } from '../windows/extents.ts';
import { filterWeight, readResponse } from './convolution.ts';
import { emitOverImages, pairOf, type Rank } from './images.ts';
import type { LayerKind } from './layer.ts';
import { readSliding, type KerasSliding } from './sliding.ts';

const schema = z.object({
  padding: z.string().default('valid'),
  filters: z.int().positive(),
  output_padding: z.union([z.int().min(0), z.array(z.int().min(0))]).nullish(),
});

/**
 * The size of the images that a convolution would turn into `positions`: the smallest that fill all strides, unless a padding of the output
 * says otherwise.
 */
function sizeFor(
  positions: readonly number[],
  { kernel, strides, dilations }: KerasSliding,
  { padding, outputPadding }: { padding: string; outputPadding: readonly number[] | undefined },
): number[] {
  return [0, 1].map((axis) => {
    const [count, stride] = [positions[axis]!, strides[axis]!];
    const reach = reachOf(kernel[axis]!, dilations[axis]!);
    if (outputPadding === undefined) return count * stride + (padding === 'same' ? 0 : Math.max(reach - stride, 0));
    const cut = padding === 'same' ? 2 * Math.floor(reach / 2) : 0;
    return (count - 1) * stride + reach - cut + outputPadding[axis]!;
  });
}

/** The transpose of a convolution in its images, plus a bias, activated; kernel [(rows,) columns, filters, channels], bias [filters]. */
export function transposedConvolution(rank: Rank): LayerKind {
  return (config, context) => {
    const { filters, padding, output_padding: given } = checkJson(schema, config, context.place);
    const sliding = readSliding(config, rank, context);
    const response = readResponse(config, context);
    const outputPadding = given === null || given === undefined ? undefined : pairOf(given, rank, context);
    return {
      slots: [{ name: 'kernel', trainable: true }, ...response.slots],
      pointwise: false,
      emit: (call) => {
        const filtered = emitOverImages(call, rank, (responses) => {
          const { builder: b } = call;
          const [, rows, columns, channels] = b.shape(responses) as [number, number, number, number];
          const whole = sizeFor([rows, columns], sliding, { padding, outputPadding });
          // A sequence has one row, whatever its padding.
          const size = rank === 1 ? [1, whole[1]!] : whole;
          const kernel = filterWeight(call, 'kernel', [...sliding.kernel, filters, channels], rank);
          return b.conv2dTranspose(responses, kernel, { ...sliding.windowOn(size), size });
        });
        return response.emit(call, filtered);
      },
    };
  };
}
