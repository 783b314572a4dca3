import { sameShape, sizeOf } from '@ntk/tensor';
import type { Rule } from './rule.ts';

type ShapePrimitive = 'constant' | 'reshape' | 'transpose' | 'broadcastTo' | 'concat' | 'slice' | 'pad';

/** Rules of the primitives that move elements and compute nothing. */
export const shapeRules: { readonly [P in ShapePrimitive]: Rule<P> } = {
  constant: (graph, _operands, { attributes }) => graph.reals(attributes.values, attributes.shape),
  reshape: (graph, [x], { shape }) => graph.reshape(x!.name, shape),
  transpose: (graph, [x], { attributes }) => graph.transpose(x!.name, attributes.permutation),
  // An Expand that changes nothing, beside a factor 1/y, makes ONNX Runtime 1.30 rewrite the graph into an invalid one.
  broadcastTo: (graph, [x], { shape }) =>
    sameShape(x!.shape, shape) ? x!.name : graph.node('Expand', [x!.name, graph.integers(shape)]),
  concat: (graph, operands, { attributes }) => {
    const parts = operands.filter((operand) => sizeOf(operand.shape) > 0).map(({ name }) => name);
    return parts.length === 1 ? parts[0]! : graph.node('Concat', parts, { axis: attributes.axis });
  },
  slice: (graph, [x], { attributes: { axis, start, end, step } }) => {
    const stop = end === -1 ? x!.shape[axis]! : end;
    const range = [[start], [stop], [axis], [step]].map((values) => graph.integers(values));
    return graph.node('Slice', [x!.name, ...range]);
  },
  pad: (graph, [x], { attributes: { axis, before, after, step }, shape }) => {
    if (sizeOf(x!.shape) === 0) return graph.filled(0, shape);
    const outer = sizeOf(x!.shape.slice(0, axis));
    const extent = x!.shape[axis]!;
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const pad = (name: string, front: number, back: number): string =>
      front === 0 && back === 0
        ? name
        : graph.node('Pad', [name, graph.integers([0, front, 0, 0, back, 0]), graph.scalar(0)]);
    if (step === 1) return graph.reshape(pad(graph.reshape(x!.name, [outer, extent, inner]), before, after), shape);
    // ONNX pads only at the ends: lay each run in a row of its own, pad the rows, and read them as one axis again.
    // That leaves step - 1 zeros too many behind the last run, which a negative pad takes away.
    const rows = pad(graph.reshape(x!.name, [outer * extent, 1, inner]), 0, step - 1);
    const dilated = graph.reshape(rows, [outer, extent * step, inner]);
    return graph.reshape(pad(dilated, before, after - (step - 1)), shape);
  },
};
