import { sizeOf, type BinaryPrimitive, type Shape, type UnaryPrimitive } from '@ntk/tensor';
import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';
import { align, stretch } from './broadcast.ts';
import { erf } from './erf.ts';
import type { Operand, Rule } from './rule.ts';
import { view } from './view.ts';

type Elementwise = UnaryPrimitive | BinaryPrimitive | 'where';

function unary(apply: (tf: TfjsModule, x: NativeTensor) => NativeTensor): Rule<Elementwise> {
  return (tf, [x]) => apply(tf, x!.native);
}

/** An operation that broadcasts natively. */
function binary(apply: (tf: TfjsModule, a: NativeTensor, b: NativeTensor) => NativeTensor): Rule<Elementwise> {
  return (tf, [a, b], { shape }) => apply(tf, ...align(tf, [a!, b!], shape));
}

/** Comparisons give booleans in TensorFlow.js, 0 or 1 here. */
function comparison(op: 'greater' | 'greaterEqual' | 'equal'): Rule<Elementwise> {
  return binary((tf, a, b) => tf.cast(tf[op](a, b), 'float32'));
}

/** a where `isFirst(a, b)`, else b; NaN wherever there is one. The native functions lose it on wasm, depending on its side. */
function selection(isFirst: (tf: TfjsModule, a: NativeTensor, b: NativeTensor) => NativeTensor): Rule<Elementwise> {
  return (tf, [a, b], { shape }) => {
    const [x, y] = [flat(tf, a!, shape), flat(tf, b!, shape)];
    return tf.where(tf.logicalOr(isFirst(tf, x, y), tf.isNaN(x)), x, y);
  };
}

/** The elements of an operand broadcast to `shape`, as one axis: what `where` needs. */
function flat(tf: TfjsModule, x: Operand, shape: Shape): NativeTensor {
  const size = sizeOf(shape);
  return sizeOf(x.shape) === size ? view(tf, x.native, [size]) : stretch(tf, x, shape);
}

/** Rules of the elementwise primitives. */
export const elementwiseRules: { readonly [P in Elementwise]: Rule<P> } = {
  neg: unary((tf, x) => tf.neg(x)),
  abs: unary((tf, x) => tf.abs(x)),
  // The native sign of NaN is 0.
  sign: unary((tf, x) => tf.where(tf.isNaN(x), x, tf.sign(x))),
  exp: unary((tf, x) => tf.exp(x)),
  log: unary((tf, x) => tf.log(x)),
  sqrt: unary((tf, x) => tf.sqrt(x)),
  tanh: unary((tf, x) => tf.tanh(x)),
  sigmoid: unary((tf, x) => tf.sigmoid(x)),
  relu: unary((tf, x) => tf.relu(x)),
  erf: unary(erf),
  add: binary((tf, a, b) => tf.add(a, b)),
  sub: binary((tf, a, b) => tf.sub(a, b)),
  mul: binary((tf, a, b) => tf.mul(a, b)),
  div: binary((tf, a, b) => tf.div(a, b)),
  maximum: selection((tf, a, b) => tf.greater(a, b)),
  minimum: selection((tf, a, b) => tf.greater(b, a)),
  greater: comparison('greater'),
  greaterEqual: comparison('greaterEqual'),
  equal: comparison('equal'),
  where: (tf, [condition, a, b], { shape }) =>
    tf.where(tf.notEqual(flat(tf, condition!, shape), 0), flat(tf, a!, shape), flat(tf, b!, shape)),
};
