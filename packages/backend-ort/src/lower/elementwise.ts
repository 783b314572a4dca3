import type { BinaryPrimitive, UnaryPrimitive } from '@ntk/tensor';
import { sumInConvolution } from './convolution-sums.ts';
import { erf } from './erf.ts';
import type { Operand } from './graph.ts';
import type { Rule } from './rule.ts';

type Elementwise = UnaryPrimitive | BinaryPrimitive | 'where';

/** The operation of the same meaning and the same broadcasting. */
function operation(type: string): Rule<Elementwise> {
  return (graph, operands) =>
    graph.node(
      type,
      operands.map(({ name }) => name),
    );
}

/** Comparisons give booleans in ONNX, 0 or 1 here. */
function comparison(type: string): Rule<Elementwise> {
  return (graph, operands) =>
    graph.mask(
      graph.node(
        type,
        operands.map(({ name }) => name),
      ),
    );
}

/**
 * 1 / (1 + exp(−x)). ONNX Runtime's own Sigmoid loses all digits below −18 in float32 and below −36 in float64, where a
 * logarithm may follow; this keeps them, and overflows to the right limit.
 */
const sigmoid: Rule<'sigmoid'> = (graph, [x]) => {
  const one = graph.scalar(1);
  return graph.node('Div', [one, graph.node('Add', [one, graph.node('Exp', [graph.node('Neg', [x!.name])])])]);
};

const add: Rule<'add'> = (graph, operands, node) =>
  sumInConvolution(graph, operands as readonly [Operand, Operand], node.shape) ??
  operation('Add')(graph, operands, node);

/** Rules of the elementwise primitives. */
export const elementwiseRules: { readonly [P in Elementwise]: Rule<P> } = {
  neg: operation('Neg'),
  abs: operation('Abs'),
  sign: operation('Sign'),
  exp: operation('Exp'),
  log: operation('Log'),
  sqrt: operation('Sqrt'),
  tanh: operation('Tanh'),
  sigmoid,
  relu: operation('Relu'),
  erf,
  add,
  sub: operation('Sub'),
  mul: operation('Mul'),
  div: operation('Div'),
  maximum: operation('Max'),
  minimum: operation('Min'),
  greater: comparison('Greater'),
  greaterEqual: comparison('GreaterOrEqual'),
  equal: comparison('Equal'),
  where: (graph, [condition, a, b]) => graph.node('Where', [graph.truth(condition!.name), a!.name, b!.name]),
};
