import { sizeOf } from '@ntk/tensor';
import { padAlong, takeAlong } from './along.ts';
import { stretch } from './broadcast.ts';
import { permute } from './permute.ts';
import type { Rule } from './rule.ts';
import { view } from './view.ts';

type MovementPrimitive = 'reshape' | 'transpose' | 'broadcastTo' | 'concat' | 'slice' | 'pad';

/** Rules of the primitives that move elements and compute nothing. */
export const movementRules: { readonly [P in MovementPrimitive]: Rule<P> } = {
  reshape: (_tf, [x]) => x!.native,
  transpose: (tf, [x], { attributes }) => permute(tf, x!.native, x!.shape, attributes.permutation),
  broadcastTo: (tf, [x], { shape }) => (sizeOf(x!.shape) === sizeOf(shape) ? x!.native : stretch(tf, x!, shape)),
  concat: (tf, operands, { attributes: { axis } }) => {
    const parts = operands.filter(({ shape }) => sizeOf(shape) > 0);
    const rows = parts.map(({ native, shape }) => {
      const outer = sizeOf(shape.slice(0, axis));
      return view(tf, native, [outer, sizeOf(shape) / outer]);
    });
    return rows.length === 1 ? rows[0]! : tf.concat(rows, 1);
  },
  slice: (tf, [x], { attributes: { axis, start, step }, shape }) =>
    takeAlong(tf, x!, axis, { start, count: shape[axis]!, step }).native,
  pad: (tf, [x], { attributes: { axis, before, after, step }, shape }) =>
    sizeOf(x!.shape) === 0 ? tf.fill([...shape], 0, 'float32') : padAlong(tf, x!, axis, { before, after, step }).native,
};
