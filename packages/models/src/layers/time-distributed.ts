import { ShapeError } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson, below } from '../json.ts';
import { sequenceOf, stepCount, stepOf } from '../recurrence/unroll.ts';
import { formatExample } from './axes.ts';
import { onlyInput, type Layer, type LayerKind } from './layer.ts';

const schema = z.object({ layer: z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) }) });

/**
 * A layer applied to every step of a sequence with the same weights.
 *
 * Layers that act alike on all axes but the last take all steps at once; others are called for each step.
 *
 * @param kindOf - finds the inner layer's kind
 */
export function timeDistributed(kindOf: (className: string) => LayerKind | undefined): LayerKind {
  return (config, context): Layer => {
    const { class_name: className, config: innerConfig } = checkJson(schema, config, context.place).layer;
    const place = below(context.place, 'layer', 'config');
    const inner = kindOf(className)?.(innerConfig, { ...context, place });
    if (inner === undefined) {
      context.unsupported(`a wrapped ${className}`, 'a wrapped layer of those that it reads');
      return { slots: [], pointwise: false, emit: (call) => call.inputs[0]! };
    }
    const aliases = typeof innerConfig['name'] === 'string' ? [innerConfig['name']] : [];
    return inner.pointwise ? { ...inner, aliases } : { ...stepByStep(inner), aliases };
  };
}

function stepByStep(inner: Layer): Layer {
  return {
    slots: inner.slots,
    pointwise: false,
    masking: 'passes on',
    emit: (call) => {
      const { builder: b } = call;
      const sequence = onlyInput(call);
      const shape = b.shape(sequence);
      if (shape.length < 3)
        throw new ShapeError(`got inputs of shape ${formatExample(shape)}, expected steps of one axis or more`);
      const steps = Array.from({ length: stepCount(b, sequence) }, (_, step) => {
        const outputs = [inner.emit({ ...call, inputs: [stepOf(b, sequence, step)], masks: new Map() })].flat();
        if (outputs.length !== 1)
          throw new ShapeError(`got ${outputs.length} outputs of the layer for each step, expected one`);
        return outputs[0]!;
      });
      return sequenceOf(b, steps);
    },
  };
}
