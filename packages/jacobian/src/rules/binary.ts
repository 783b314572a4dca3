import type { BinaryPrimitive, ProgramBuilder, Value } from '@ntk/tensor';
import { addTerms, alignTo, multiply, stretchTo, sumTo } from './align.ts';
import type { LinearNode, LinearRule } from './rule.ts';

type Differentiable = Exclude<BinaryPrimitive, 'greater' | 'greaterEqual' | 'equal'>;

/** How one operand's tangent enters the result: multiplied by a coefficient, or with a sign only. */
type Factor = { readonly coefficient: number } | { readonly sign: 1 | -1 };

/**
 * The rule of an elementwise function of two operands: each operand's tangent is multiplied by its partial derivative, stretched, and summed.
 *
 * @param coefficients - the partial derivatives to store, given which operands are active
 * @param factors - for each operand, which of them it uses
 */
function elementwise<P extends Differentiable>(
  coefficients: LinearRule<P>['coefficients'],
  factors: (active: readonly boolean[]) => readonly [Factor, Factor],
): LinearRule<P> {
  const apply = (b: ProgramBuilder, node: LinearNode<P>, operand: number, value: Value): Value => {
    const factor = factors(node.active)[operand]!;
    if ('coefficient' in factor) return b.mul(value, node.coefficients[factor.coefficient]!);
    return factor.sign === 1 ? value : b.neg(value);
  };
  return {
    coefficients,
    multiple: (b, node, operandFactors) => {
      const values = coefficients(b, node);
      const terms = operandFactors.map((operandFactor, operand) => {
        const factor = factors(node.active)[operand]!;
        if (operandFactor === null) return null;
        if ('coefficient' in factor) return multiply(b, operandFactor, values[factor.coefficient]!);
        return factor.sign === 1 ? operandFactor : b.neg(operandFactor);
      });
      return addTerms(b, terms);
    },
    tangent: (b, node, tangents) => {
      const rank = node.shape.length;
      const terms = tangents.map((t, operand) => (t === null ? null : apply(b, node, operand, alignTo(b, t, rank))));
      return stretchTo(b, addTerms(b, terms), node.shape);
    },
    cotangent: (b, node, g) =>
      node.active.map((active, i) => (active ? sumTo(b, apply(b, node, i, g), node.operandShapes[i]!) : null)),
  };
}

/** Stored masks of a maximum or minimum: 1 where the first operand is taken (also at a tie), and its complement. */
function selection<P extends 'maximum' | 'minimum'>(
  takesFirst: (b: ProgramBuilder, x: Value, y: Value) => Value,
): LinearRule<P> {
  return elementwise(
    (b, { operands: [x, y] }) => {
      const first = takesFirst(b, x!, y!);
      return [first, b.sub(b.scalar(1), first)];
    },
    () => [{ coefficient: 0 }, { coefficient: 1 }],
  );
}

/** Derivatives of the elementwise primitives of two operands. Comparisons are constant almost everywhere and have none. */
export const binaryRules: { readonly [P in Differentiable]: LinearRule<P> } = {
  add: elementwise(
    () => [],
    () => [{ sign: 1 }, { sign: 1 }],
  ),
  sub: elementwise(
    () => [],
    () => [{ sign: 1 }, { sign: -1 }],
  ),
  mul: elementwise(
    (_b, { operands: [x, y], active }) => [...(active[0] ? [y!] : []), ...(active[1] ? [x!] : [])],
    (active) => [{ coefficient: 0 }, { coefficient: active[0] ? 1 : 0 }],
  ),
  // d(x / y) = dx / y − (x / y) dy / y
  div: elementwise(
    (b, { operands: [, y], result, active }) => [
      ...(active[0] ? [b.div(b.scalar(1), y!)] : []),
      ...(active[1] ? [b.neg(b.div(result, y!))] : []),
    ],
    (active) => [{ coefficient: 0 }, { coefficient: active[0] ? 1 : 0 }],
  ),
  maximum: selection((b, x, y) => b.binary('greaterEqual', x, y)),
  minimum: selection((b, x, y) => b.binary('greaterEqual', y, x)),
};
