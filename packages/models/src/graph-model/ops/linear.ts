import { UnsupportedError } from '@ntk/tensor';
import { einsum } from '../../graph/functions/einsum.ts';
import { rankOf, transpose } from '../../graph/functions/movement.ts';
import { product } from '../../graph/functions/slots.ts';
import { required } from '../../graph/operands.ts';
import { fold } from '../../graph/static.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import type { GraphRule, GraphRules } from '../graph-node.ts';
import { withFused } from './activations.ts';

/** The last two axes exchanged. */
function transposed(tracer: Tracer, traced: Traced): Traced {
  const rank = rankOf(traced);
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return transpose(tracer, traced, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/** A · B, each transposed on demand. */
function matMul(transposeA: string, transposeB: string): GraphRule {
  return (tracer, node, inputs) => {
    const [left, right] = [transposeA, transposeB].map((flag, i) => {
      const operand = required(inputs, i);
      return node.flag(flag) ? transposed(tracer, operand) : operand;
    }) as [Traced, Traced];
    if (left.kind === 'static' && right.kind === 'static')
      return fold([left, right], (b, [x, y]) => b.matmul(x!, y!), 'float');
    return product(tracer, left, right);
  };
}

const plain = matMul('transpose_a', 'transpose_b');

const fused: GraphRule = (tracer, node, inputs) => {
  const xw = plain(tracer, node, inputs) as Traced;
  return withFused(tracer, node, xw, { more: inputs.slice(2), axis: rankOf(xw) - 1 });
};

const einsumRule: GraphRule = (tracer, node, inputs) => {
  const equation = node.text('equation', '');
  if (equation === '') throw new UnsupportedError('got no equation, expected one');
  return einsum(
    tracer,
    equation,
    inputs.map((_, i) => required(inputs, i)),
  );
};

/** Products with weights. */
export const linearRules: GraphRules = {
  MatMul: plain,
  _FusedMatMul: fused,
  BatchMatMul: matMul('adj_x', 'adj_y'),
  BatchMatMulV2: matMul('adj_x', 'adj_y'),
  BatchMatMulV3: matMul('adj_x', 'adj_y'),
  Einsum: einsumRule,
};
