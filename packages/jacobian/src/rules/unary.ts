import type { ProgramBuilder, UnaryPrimitive, Value } from '@ntk/tensor';
import { multiply } from './align.ts';
import type { LinearRule } from './rule.ts';

/** An elementwise function: its linear map multiplies by the derivative, which the primal computes from operand x and result y. */
function elementwise<P extends UnaryPrimitive>(
  derivative: (b: ProgramBuilder, x: Value, y: Value) => Value,
): LinearRule<P> {
  return {
    coefficients: (b, { operands, result }) => [derivative(b, operands[0]!, result)],
    multiple: (b, { operands, result }, [factor]) => multiply(b, factor!, derivative(b, operands[0]!, result)),
    tangent: (b, { coefficients }, [t]) => b.mul(t!, coefficients[0]!),
    cotangent: (b, { coefficients }, g) => [b.mul(g, coefficients[0]!)],
  };
}

/** Derivatives of the differentiable elementwise primitives; `sign` is constant almost everywhere and has none. */
export const unaryRules: { readonly [P in Exclude<UnaryPrimitive, 'sign'>]: LinearRule<P> } = {
  neg: {
    coefficients: () => [],
    multiple: (b, _node, [factor]) => b.neg(factor!),
    tangent: (b, _node, [t]) => b.neg(t!),
    cotangent: (b, _node, g) => [b.neg(g)],
  },
  abs: elementwise((b, x) => b.unary('sign', x)),
  exp: elementwise((_b, _x, y) => y),
  log: elementwise((b, x) => b.div(b.scalar(1), x)),
  sqrt: elementwise((b, _x, y) => b.div(b.scalar(0.5), y)),
  tanh: elementwise((b, _x, y) => b.sub(b.scalar(1), b.mul(y, y))),
  sigmoid: elementwise((b, _x, y) => b.mul(y, b.sub(b.scalar(1), y))),
  relu: elementwise((b, x) => b.binary('greater', x, b.scalar(0))),
  erf: elementwise((b, x) => b.mul(b.scalar(2 / Math.sqrt(Math.PI)), b.unary('exp', b.neg(b.mul(x, x))))),
};
