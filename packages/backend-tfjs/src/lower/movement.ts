import { sizeOf, type Shape } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { stretch } from './broadcast.ts';
import { permute } from './permute.ts';
import type { Rule } from './rule.ts';
import { view } from './view.ts';

type MovementPrimitive = 'reshape' | 'transpose' | 'broadcastTo' | 'concat' | 'slice' | 'pad';

/** Rules of the primitives that move elements and compute nothing; what lies before and behind the axis is joined with it. */
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
  slice: (tf, [x], { attributes: { axis, start, step }, shape }) => {
    const { outer, extent, inner } = around(x!.shape, axis);
    const count = shape[axis]!;
    if (step === 1) return takeColumns(tf, x!.native, [outer, extent * inner], start * inner, count * inner);
    // Steps become an axis of their own, of which the first entry is taken: strided slices are 20 times slower on wasm.
    const missing = Math.max(0, start + count * step - extent);
    const padded = padColumns(tf, x!.native, [outer, extent * inner], 0, missing * inner);
    const taken = takeColumns(tf, padded, [outer, (extent + missing) * inner], start * inner, count * step * inner);
    return takeColumns(tf, taken, [outer * count, step * inner], 0, inner);
  },
  pad: (tf, [x], { attributes: { axis, before, after, step }, shape }) => {
    if (sizeOf(x!.shape) === 0) return tf.fill([...shape], 0, 'float32');
    const { outer, extent, inner } = around(x!.shape, axis);
    if (step === 1) return padColumns(tf, x!.native, [outer, extent * inner], before * inner, after * inner);
    // Each entry gets its zeros behind it; those behind the last are taken away where `after` does not want them.
    const spread = padColumns(tf, x!.native, [outer * extent, inner], 0, (step - 1) * inner);
    const surplus = Math.max(0, step - 1 - after);
    const kept = takeColumns(tf, spread, [outer, extent * step * inner], 0, (extent * step - surplus) * inner);
    const missing = Math.max(0, after - (step - 1));
    return padColumns(tf, kept, [outer, (extent * step - surplus) * inner], before * inner, missing * inner);
  },
};

/** The extent of an axis, and the sizes of what lies before and behind it. */
function around(shape: Shape, axis: number): { outer: number; extent: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

function takeColumns(
  tf: TfjsModule,
  x: NativeTensor,
  [rows, columns]: readonly [number, number],
  start: number,
  count: number,
): NativeTensor {
  return count === columns ? x : tf.slice(view(tf, x, [rows, columns]), [0, start], [rows, count]);
}

function padColumns(
  tf: TfjsModule,
  x: NativeTensor,
  [rows, columns]: readonly [number, number],
  before: number,
  after: number,
): NativeTensor {
  if (before === 0 && after === 0) return x;
  return tf.pad(view(tf, x, [rows, columns]), [
    [0, 0],
    [before, after],
  ]);
}
