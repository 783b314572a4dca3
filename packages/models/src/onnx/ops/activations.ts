import { UnsupportedError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { elu, gelu, geluTanh, leakyRelu, mish, softplus, softsign } from '../../activations/functions.ts';
import { celu, clippedLine, prelu, sigmoid } from '../../graph/functions/activations.ts';
import { pointwise } from '../../graph/functions/elementwise.ts';
import { axisOf, rankOf } from '../../graph/functions/movement.ts';
import { logSoftmax, softmax } from '../../graph/functions/reduction.ts';
import type { OpNode, OnnxRule, OnnxRules } from '../op-node.ts';
import { required } from '../../graph/operands.ts';

/** A function of one number with parameters from the node. */
function of(formula: (b: ProgramBuilder, x: Value, node: OpNode) => Value): OnnxRule {
  return (tracer, node, inputs) => pointwise(tracer, required(inputs, 0), (b, x) => formula(b, x, node));
}

function overAxis(function_: typeof softmax): OnnxRule {
  return (tracer, node, inputs) => {
    const view = tracer.view(required(inputs, 0));
    return function_(tracer, view, [axisOf(node.number('axis', -1), rankOf(view))]);
  };
}

/** 0 within lambd of 0, beyond it moved towards 0 by the bias. */
const shrink = of((b, x, node) => {
  const [limit, bias] = [b.scalar(node.number('lambd', 0.5)), b.scalar(node.number('bias', 0))];
  const below = b.where(b.binary('greater', b.neg(limit), x), b.add(x, bias), b.scalar(0));
  return b.where(b.binary('greater', x, limit), b.sub(x, bias), below);
});

const geluRule = of((b, x, node) => {
  const kind = node.text('approximate', 'none');
  if (kind !== 'none' && kind !== 'tanh')
    throw new UnsupportedError(`got approximate = '${kind}', expected none or tanh`);
  return kind === 'tanh' ? geluTanh(b, x) : gelu(b, x);
});

/** Functions between layers. */
export const activationRules: OnnxRules = {
  Relu: of((b, x) => b.unary('relu', x)),
  LeakyRelu: of((b, x, node) => leakyRelu(b, x, b.scalar(node.number('alpha', 0.01)))),
  ThresholdedRelu: of((b, x, node) =>
    b.where(b.binary('greater', x, b.scalar(node.number('alpha', 1))), x, b.scalar(0)),
  ),
  PRelu: (tracer, _node, inputs) => prelu(tracer, required(inputs, 0), required(inputs, 1)),
  Elu: of((b, x, node) => elu(b, x, node.number('alpha', 1))),
  Selu: of((b, x, node) =>
    b.mul(b.scalar(node.number('gamma', 1.0507009873554805)), elu(b, x, node.number('alpha', 1.6732632423543772))),
  ),
  Celu: of((b, x, node) => celu(b, x, node.number('alpha', 1))),
  Gelu: geluRule,
  Sigmoid: (tracer, _node, inputs) => sigmoid(tracer, required(inputs, 0)),
  HardSigmoid: of((b, x, node) => clippedLine(b, x, node.number('alpha', 0.2), node.number('beta', 0.5))),
  HardSwish: of((b, x) => b.mul(x, clippedLine(b, x, 1 / 6, 0.5))),
  Swish: of((b, x, node) => b.mul(x, b.unary('sigmoid', b.mul(b.scalar(node.number('alpha', 1)), x)))),
  Mish: of(mish),
  Shrink: shrink,
  Tanh: of((b, x) => b.unary('tanh', x)),
  Softplus: of(softplus),
  Softsign: of(softsign),
  Softmax: overAxis(softmax),
  LogSoftmax: overAxis(logSoftmax),
};
