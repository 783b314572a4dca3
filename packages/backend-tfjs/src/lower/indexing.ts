import { sizeOf } from '@ntk/tensor';
import { permute } from './permute.ts';
import type { Operand, Rule } from './rule.ts';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { view } from './view.ts';

/** Indices are integers in the dtype of the Program, exact below 2²⁴ in float32. */
function integers(tf: TfjsModule, { native }: Operand, shape: number[]): NativeTensor {
  return tf.cast(view(tf, native, shape), 'int32');
}

/** Rules of the primitives that pick by index. */
export const indexRules: { readonly gather: Rule<'gather'>; readonly scatterAdd: Rule<'scatterAdd'> } = {
  gather: (tf, [x, indices], { attributes: { axis } }) => {
    const parts = [sizeOf(x!.shape.slice(0, axis)), x!.shape[axis]!, sizeOf(x!.shape.slice(axis + 1))];
    return tf.gather(view(tf, x!.native, parts), integers(tf, indices!, [sizeOf(indices!.shape)]), 1);
  },
  // The native adjoint, unsortedSegmentSum, is missing on wasm; scatterND adds up what has one index.
  scatterAdd: (tf, [x, indices], { attributes: { axis, extent }, shape }) => {
    if (sizeOf(x!.shape) === 0) return tf.fill([...shape], 0, 'float32');
    const count = sizeOf(indices!.shape);
    const outer = sizeOf(shape.slice(0, axis));
    const inner = sizeOf(shape.slice(axis + 1));
    const rows = view(tf, permute(tf, x!.native, [outer, count, inner], [1, 0, 2]), [count, outer * inner]);
    const sums = tf.scatterND(integers(tf, indices!, [count, 1]), rows, [extent, outer * inner]);
    return permute(tf, sums, [extent, outer, inner], [1, 0, 2]);
  },
};
