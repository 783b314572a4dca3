import type { Window } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson, type JsonObject } from '../json.ts';
import { reachOf, samePads, type Steps } from '../windows/extents.ts';
import { extents, formatField, pairOf, requireChannelsLast, type Rank } from './images.ts';
import type { LayerContext } from './layer.ts';

/** The members of a configuration that say how a filter moves. */
const schema = z.object({
  kernel_size: extents,
  strides: extents.default(1),
  padding: z.string().default('valid'),
  dilation_rate: extents.default(1),
  data_format: formatField,
});

/** How a filter moves over images of a size that only the call knows. */
export interface KerasSliding extends Steps {
  readonly windowOn: (size: readonly number[]) => Window;
}

/** Understands how a filter moves. Only sequences can be padded causally: at the beginning alone. */
export function readSliding(config: JsonObject, rank: Rank, context: LayerContext): KerasSliding {
  return slidingOf(checkJson(schema, config, context.place), rank, context);
}

/** The members of a configuration that say how a window moves, as a layer without filters has them. */
export interface SlidingSettings {
  readonly kernel_size: number | number[];
  readonly strides: number | number[];
  readonly padding: string;
  readonly dilation_rate: number | number[];
  readonly data_format?: string | null | undefined;
}

/** The same from settings that were checked. */
export function slidingOf(config: SlidingSettings, rank: Rank, context: LayerContext): KerasSliding {
  requireChannelsLast(config.data_format, context);
  const steps: Steps = {
    kernel: pairOf(config.kernel_size, rank, context),
    strides: pairOf(config.strides, rank, context),
    dilations: pairOf(config.dilation_rate, rank, context),
  };
  return { ...steps, windowOn: padding(config.padding, steps, { rank, context }) };
}

function padding(
  mode: string,
  steps: Steps,
  { rank, context }: { rank: Rank; context: LayerContext },
): KerasSliding['windowOn'] {
  const before = reachOf(steps.kernel[1], steps.dilations[1]) - 1;
  if (mode === 'same') return (size) => ({ ...steps, pads: samePads(size, steps) });
  if (mode === 'causal' && rank === 1) return () => ({ ...steps, pads: [0, 0, before, 0] });
  if (mode !== 'valid') {
    context.unsupported(`the padding '${mode}'`, `the paddings valid, same${rank === 1 ? ', causal' : ''}`);
  }
  return () => ({ ...steps, pads: [0, 0, 0, 0] });
}
