import { sizeOf, type ReductionPrimitive } from '@ntk/tensor';
import type { Rule } from './rule.ts';

function reduction<P extends ReductionPrimitive>(type: string, empty: number): Rule<P> {
  return (graph, [x], { attributes, shape }) => {
    if (attributes.axes.length === 0) return x!.name;
    if (sizeOf(x!.shape) === 0) return graph.filled(empty, shape);
    return graph.node(type, [x!.name, graph.integers(attributes.axes)], { keepdims: 0 });
  };
}

/** Rules of the reductions. */
export const reductionRules: { readonly [P in ReductionPrimitive]: Rule<P> } = {
  sum: reduction('ReduceSum', 0),
  max: reduction('ReduceMax', -Infinity),
};
