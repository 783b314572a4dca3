import { sizeOf, type Shape } from '@ntk/tensor';
import { ELEMENT } from '../onnx/model.ts';
import type { Graph, Operand } from './graph.ts';
import type { Rule } from './rule.ts';

/** Indices as ONNX takes them. They are whole numbers in the Program's dtype, exact below 2²⁴ in float32. */
function integers(graph: Graph, { name }: Operand): string {
  return graph.node('Cast', [name], { to: ELEMENT.int64 });
}

/** Rules of the primitives that pick by index. */
export const indexRules: { readonly gather: Rule<'gather'>; readonly scatterAdd: Rule<'scatterAdd'> } = {
  gather: (graph, [x, indices], { attributes: { axis } }) =>
    graph.node('Gather', [x!.name, integers(graph, indices!)], { axis }),
  // ScatterElements, not ScatterND: the latter loses updates of one place from several threads.
  scatterAdd: (graph, [x, indices], { attributes: { axis, extent }, shape }) => {
    if (sizeOf(x!.shape) === 0) return graph.filled(0, shape);
    const count = sizeOf(indices!.shape);
    const updates: Shape = [sizeOf(shape.slice(0, axis)), count, sizeOf(shape.slice(axis + 1))];
    const places = graph.reshape(integers(graph, indices!), [1, count, 1]);
    const added = graph.node(
      'ScatterElements',
      [
        graph.filled(0, updates.with(1, extent)),
        graph.node('Expand', [places, graph.integers(updates)]),
        graph.reshape(x!.name, updates),
      ],
      { axis: 1, reduction: 'add' },
    );
    return graph.reshape(added, shape);
  },
};
