import type { ProgramBuilder, Value } from '@ntk/tensor';
import { z } from 'zod';
import { below, checkJson } from '../../json.ts';
import { sequenceOf } from '../../recurrence/unroll.ts';
import type { LayerKind } from '../layer.ts';
import { scopedSlot, withScope } from './cell-kinds.ts';
import { initialStates, keepMask, readRecurrent } from './recurrent-layer.ts';

const layerSchema = z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) });
const schema = z.object({
  layer: layerSchema,
  backward_layer: layerSchema.nullish(),
  merge_mode: z.string().nullable().default('concat'),
});

type Merge = (b: ProgramBuilder, forward: Value, backward: Value) => Value;

const merges: { readonly [mode: string]: Merge } = {
  concat: (b, x, y) => b.concat([x, y], b.shape(x).length - 1),
  sum: (b, x, y) => b.add(x, y),
  ave: (b, x, y) => b.mul(b.scalar(0.5), b.add(x, y)),
  mul: (b, x, y) => b.mul(x, y),
};

/** Two recurrent layers, one of which goes backwards; their outputs are merged step by step. Source: Schuster & Paliwal (1997). */
export const bidirectional: LayerKind = (config, context) => {
  const { layer, backward_layer: other, merge_mode: mode } = checkJson(schema, config, context.place);
  const merge = mode === null ? undefined : merges[mode];
  if (mode !== null && merge === undefined)
    context.unsupported(`the merge_mode '${mode}'`, `the merge_modes ${Object.keys(merges).join(', ')}, null`);
  const directions = [
    { prefix: 'forward', of: layer, key: 'layer' },
    { prefix: 'backward', of: other ?? layer, key: other ? 'backward_layer' : 'layer' },
  ].map(({ prefix, of, key }) => {
    const reader = readRecurrent(of.class_name, of.config, { ...context, place: below(context.place, key, 'config') });
    return { prefix, reader, scopes: [`${prefix}_${String(of.config['name'])}`, `${prefix}_layer`] };
  });
  const [{ reader: forward }] = directions as [(typeof directions)[0]];
  return {
    slots: directions.flatMap(({ prefix, reader, scopes }) =>
      reader.slots.map((slot) => scopedSlot(slot, prefix, scopes)),
    ),
    pointwise: false,
    masking: 'reads',
    emit: (call) => {
      const { builder: b } = call;
      const given = initialStates(call);
      const half = given.length / 2;
      const runs = directions.map(({ prefix, reader }, i) =>
        reader.run(withScope(call, prefix), {
          // A backward layer of its own says itself that it goes backwards.
          turned: i === 1 && !other,
          initial: given.slice(i * half, (i + 1) * half),
        }),
      );
      const inStep = runs.map(({ outputs: taken }, i) => {
        if (!forward.returnSequences) return taken.at(-1)!;
        return sequenceOf(b, i === 0 ? taken : taken.toReversed());
      });
      const [x, y] = inStep as [Value, Value];
      const outputs = merge ? [merge(b, x, y)] : inStep;
      if (forward.returnSequences) keepMask(call, outputs);
      return forward.returnState ? [...outputs, ...runs.flatMap(({ states }) => states)] : outputs;
    },
  };
};
