import { einsum } from '../../graph/functions/einsum.ts';
import { elementwise, pointwise } from '../../graph/functions/elementwise.ts';
import { arithmetic } from '../../graph/functions/arithmetic.ts';
import { rankOf, transpose } from '../../graph/functions/movement.ts';
import { affine, product } from '../../graph/functions/slots.ts';
import { fold, staticTensor, weightTensor } from '../../graph/static.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import { required } from '../../graph/operands.ts';
import type { OnnxRule, OnnxRules } from '../op-node.ts';

/** alpha · A · B + beta · C, A and B read transposed on demand. */
const gemm: OnnxRule = (tracer, node, inputs) => {
  const oriented = (index: number, flag: string): Traced => {
    const input = required(inputs, index);
    return node.number(flag, 0) === 0 ? input : transpose(tracer, input, [1, 0]);
  };
  const xw: Traced = product(tracer, oriented(0, 'transA'), oriented(1, 'transB'));
  const bias = inputs[2];
  const scaled = times(tracer, xw, node.number('alpha', 1));
  if (bias === undefined) return scaled;
  if (scaled.kind === 'view' && xw.kind === 'view') {
    const weight = tracer.products.get(xw.value);
    if (weight !== undefined) tracer.products.set(scaled.value, weight);
  }
  const beta = node.number('beta', 1);
  if (beta !== 1) {
    const weight = bias.kind === 'static' && bias.weight ? tracer.weight(bias) : bias;
    return elementwise(tracer, [scaled, times(tracer, weight, beta)], arithmetic.add);
  }
  return affine(tracer, 'add', [scaled, bias]);
};

function times(tracer: Tracer, traced: Traced, factor: number): Traced {
  return factor === 1 ? traced : pointwise(tracer, traced, (b, x) => b.mul(x, b.scalar(factor)));
}

const matMul: OnnxRule = (tracer, _node, inputs) => {
  const operands = [required(inputs, 0), required(inputs, 1)] as const;
  const [left, right] = operands;
  if (left.kind === 'static' && right.kind === 'static' && rankOf(left) >= 2 && rankOf(right) >= 2)
    return fold([left, right], (b, [x, y]) => b.matmul(x!, y!), 'float');
  return product(tracer, left, right);
};

const einsumRule: OnnxRule = (tracer, node, inputs) =>
  einsum(
    tracer,
    node.text('equation', ''),
    inputs.map((_, i) => required(inputs, i)),
  );

/** A linear model of scikit-learn: its coefficients are the node's. */
const linearRegressor: OnnxRule = (tracer, node, inputs) => {
  const targets = node.number('targets', 1);
  const read = (name: string, shape: (count: number) => number[]): Traced | undefined => {
    const values = node.numbers(name);
    return values && weightTensor(`${node.name}/${name}`, shape(values.length), () => Float32Array.from(values));
  };
  const kernel = read('coefficients', (count) => [targets, count / targets])!;
  const bias = read('intercepts', (count) => [count]);
  const xw = product(tracer, required(inputs, 0), transpose(tracer, kernel, [1, 0]));
  return bias === undefined ? xw : affine(tracer, 'add', [xw, bias]);
};

/** (x - offset) · scale, the standardisation of scikit-learn. */
const scaler: OnnxRule = (tracer, node, inputs) => {
  const vector = (name: string, neutral: number): Traced => {
    const values = node.numbers(name) ?? [neutral];
    return staticTensor('float', [values.length], values, `${node.name}/${name}`);
  };
  return elementwise(tracer, [required(inputs, 0), vector('offset', 0), vector('scale', 1)], {
    formula: (b, [x, offset, scale]) => b.mul(b.sub(x!, offset!), scale!),
  });
};

/** Products with weights. */
export const linearRules: OnnxRules = {
  Gemm: gemm,
  MatMul: matMul,
  Einsum: einsumRule,
  'ai.onnx.ml.LinearRegressor': linearRegressor,
  'ai.onnx.ml.Scaler': scaler,
};
