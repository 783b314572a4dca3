import { erf } from '../cpu/erf.ts';
import type { UnaryPrimitive } from './attributes.ts';
import type { PrimitiveSpec } from './spec.ts';

function unary<P extends UnaryPrimitive>(f: (x: number) => number): PrimitiveSpec<P> {
  return {
    arity: 1,
    infer: ([shape]) => shape!,
    exampleAxis: ([axis]) => axis!,
    evaluate: ([operand], _attributes, out) => {
      const x = operand!.data;
      for (let i = 0; i < out.length; i++) out[i] = f(x[i]!);
    },
  };
}

/** relu keeps NaN (a comparison would hide it). */
const relu = (x: number): number => (x <= 0 ? 0 : x);

/** The logistic function, arranged so that exp never overflows. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** Elementwise primitives of one operand. */
export const unaryPrimitives: { readonly [P in UnaryPrimitive]: PrimitiveSpec<P> } = {
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  tanh: unary(Math.tanh),
  sigmoid: unary(sigmoid),
  relu: unary(relu),
  erf: unary(erf),
};
