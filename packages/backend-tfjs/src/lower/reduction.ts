import { sizeOf, type ReductionPrimitive } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { permute } from './permute.ts';
import type { Rule } from './rule.ts';
import { view } from './view.ts';

/** Brings the reduced axes to the end, where they are one axis. */
function reduction<P extends ReductionPrimitive>(
  reduce: (tf: TfjsModule, x: NativeTensor) => NativeTensor,
  empty: number,
): Rule<P> {
  return (tf, [x], { attributes: { axes }, shape }) => {
    if (sizeOf(x!.shape) === 0) return tf.fill([...shape], empty, 'float32');
    const all = x!.shape.map((_, axis) => axis);
    const kept = all.filter((axis) => !axes.includes(axis));
    const reduced = all.filter((axis) => axes.includes(axis));
    const count = sizeOf(reduced.map((axis) => x!.shape[axis]!));
    if (count === 1) return x!.native;
    const last = permute(tf, x!.native, x!.shape, [...kept, ...reduced]);
    return reduce(tf, view(tf, last, [sizeOf(shape), count]));
  };
}

/** Rules of the reductions. */
export const reductionRules: { readonly [P in ReductionPrimitive]: Rule<P> } = {
  sum: reduction((tf, x) => tf.sum(x, 1), 0),
  max: reduction((tf, x) => tf.max(x, 1), -Infinity),
};
