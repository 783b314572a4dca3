import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { elu, leakyRelu, relu6, selu, softplus, softsign } from '../../activations/functions.ts';
import { prelu, sigmoid } from '../../graph/functions/activations.ts';
import { pointwise } from '../../graph/functions/elementwise.ts';
import { logSoftmax, softmax } from '../../graph/functions/reduction.ts';
import { addBias } from '../../graph/functions/slots.ts';
import { required } from '../../graph/operands.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import type { DefNode, GraphRule, GraphRules } from '../graph-node.ts';

/** A function of one operand, with parameters from the node. */
type Activation = (tracer: Tracer, operand: Traced, node: DefNode) => Traced;

function of(formula: (b: ProgramBuilder, x: Value, node: DefNode) => Value): Activation {
  return (tracer, operand, node) => pointwise(tracer, operand, (b, x) => formula(b, x, node));
}

/** A function over the last axis. */
function overLast(function_: typeof softmax): Activation {
  return (tracer, operand) => {
    const view = tracer.view(operand);
    return function_(tracer, view, [view.axes.length - 1]);
  };
}

/** By the names of operations, which are those of what is fused into others. */
const activations: Readonly<Record<string, Activation>> = {
  Relu: of((b, x) => b.unary('relu', x)),
  Relu6: of(relu6),
  // Fused, the attribute has another name.
  LeakyRelu: of((b, x, node) => leakyRelu(b, x, b.scalar(node.number('leakyrelu_alpha', node.number('alpha', 0.2))))),
  Elu: of((b, x) => elu(b, x, 1)),
  Selu: of(selu),
  Softplus: of(softplus),
  Softsign: of(softsign),
  Tanh: of((b, x) => b.unary('tanh', x)),
  Sigmoid: (tracer, operand) => sigmoid(tracer, operand),
  Softmax: overLast(softmax),
  LogSoftmax: overLast(logSoftmax),
};

/**
 * Applies what a converter fused into a node: a bias along an axis, then an activation.
 *
 * @param more - the node's inputs after those of its product
 * @throws {UnsupportedError} for what is none of them
 */
export function withFused(
  tracer: Tracer,
  node: DefNode,
  product: Traced,
  { more, axis }: { readonly more: readonly (Traced | undefined)[]; readonly axis: number },
): Traced {
  let next = 0;
  return node.texts('fused_ops').reduce((result, op) => {
    if (op === 'BiasAdd') return addBias(tracer, result, required(more, next++), axis);
    if (op === 'Prelu') return prelu(tracer, result, required(more, next++));
    const activation = activations[op];
    if (activation === undefined)
      throw new UnsupportedError(
        `got the fused operation ${op}, expected BiasAdd, Prelu, ${Object.keys(activations).join(', ')}`,
      );
    return activation(tracer, result, node);
  }, product);
}

function rule(activation: Activation): GraphRule {
  return (tracer, node, inputs) => activation(tracer, required(inputs, 0), node);
}

/** Functions between layers. */
export const activationRules: GraphRules = {
  ...Object.fromEntries(Object.entries(activations).map(([op, activation]) => [op, rule(activation)])),
  Prelu: (tracer, _node, inputs) => prelu(tracer, required(inputs, 0), required(inputs, 1)),
};
