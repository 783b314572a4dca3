import { sameShape, sizeOf, type Primitive, type ProgramBuilder, type Value } from '@ntk/tensor';
import { isOne } from './rules/align.ts';
import type { LinearRule, PrimalNode } from './rules/rule.ts';

/** A value whose tangent is that of an earlier value, its base, times a factor, entry by entry. */
export interface Multiple {
  readonly base: Value;
  readonly factor: Value;
}

/**
 * Chains of elementwise nodes, collapsed while a Program is derived: x Φ(x) is five nodes with four coefficients, and one multiplication of the tangent of x
 * by one coefficient, which the primal Program computes.
 */
export class ElementwiseMultiples {
  readonly #builder: ProgramBuilder;
  readonly #known = new Map<Value, Multiple>();
  readonly #exampleAxes = new Map<Value, number>();

  /** @param builder - of the primal Program */
  constructor(builder: ProgramBuilder) {
    this.#builder = builder;
  }

  /**
   * Takes the next node. What examples share is nobody's base: kernels are made from the nodes that read a parameter.
   *
   * @param exampleAxis - of its result
   * @returns what its result is a multiple of, where one multiplication replaces several nodes; null where the node's own rule is as good
   */
  add(rule: LinearRule<Primitive>, node: PrimalNode<Primitive>, exampleAxis: number | null): Multiple | null {
    if (exampleAxis === null) return null;
    this.#exampleAxes.set(node.result, exampleAxis);
    const multiple = this.#multipleOf(rule, node);
    if (multiple === null || this.#exampleAxes.get(multiple.base) !== exampleAxis) return null;
    this.#known.set(node.result, multiple);
    const operands = node.operands.filter((_, i) => node.active[i]);
    const isFirst = operands.length === 1 && operands[0] === multiple.base;
    return isFirst || isOne(this.#builder, multiple.factor) ? null : multiple;
  }

  #multipleOf(rule: LinearRule<Primitive>, node: PrimalNode<Primitive>): Multiple | null {
    const b = this.#builder;
    const operands = node.operands.map((value, i) => (node.active[i] ? this.#of(value) : null));
    const active = operands.filter((operand) => operand !== null);
    const { base } = active[0]!;
    const isChain = active.every((operand) => operand.base === base) && sameShape(b.shape(base), b.shape(node.result));
    if (rule.multiple === undefined || !isChain) return null;
    const factors = operands.map((operand) => operand?.factor ?? null);
    const factor = rule.multiple(b, node, factors);
    // Few numbers times few others must not become many, which would have to be kept.
    const before = [...active.map((operand) => operand.factor), ...rule.coefficients(b, node)];
    return this.#sizeOf(factor) > Math.max(...before.map((value) => this.#sizeOf(value))) ? null : { base, factor };
  }

  #of(value: Value): Multiple {
    return this.#known.get(value) ?? { base: value, factor: this.#builder.scalar(1) };
  }

  #sizeOf(value: Value): number {
    return sizeOf(this.#builder.shape(value));
  }
}
