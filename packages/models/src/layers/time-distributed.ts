import { z } from 'zod';
import { checkJson, below } from '../json.ts';
import type { Layer, LayerKind } from './layer.ts';

const schema = z.object({ layer: z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) }) });

/**
 * A layer applied to every step of a sequence with the same weights.
 *
 * Wraps the layers that act alike on all axes but the last: for them the wrapper changes nothing.
 *
 * @param kindOf - finds the inner layer's kind
 */
export function timeDistributed(kindOf: (className: string) => LayerKind | undefined): LayerKind {
  return (config, context): Layer => {
    const { class_name: className, config: innerConfig } = checkJson(schema, config, context.place).layer;
    const place = below(context.place, 'layer', 'config');
    const inner = kindOf(className)?.(innerConfig, { ...context, place });
    if (inner?.pointwise)
      return { ...inner, aliases: typeof innerConfig['name'] === 'string' ? [innerConfig['name']] : [] };
    context.unsupported(`a wrapped ${className}`, 'a wrapped Dense or activation');
    return { slots: [], pointwise: false, emit: (call) => call.inputs[0]! };
  };
}
