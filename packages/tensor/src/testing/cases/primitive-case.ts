import { ProgramBuilder } from '../../builder.ts';
import type { Attributes, Primitive } from '../../primitives/attributes.ts';
import type { Program } from '../../program.ts';
import type { Rng } from '../../rng.ts';
import { formatShape, sizeOf, type Shape } from '../../shape.ts';

/**
 * Where an operand's values come from. `nonzero` and `positive` keep a distance of 1/4 from 0, so that finite differences meet no
 * kink; `integer` (small, with ties), `mask` (0 or 1) and `index` (0, 1 or 2) are discrete: derivative tests leave them as they are.
 */
export type Domain = 'real' | 'nonzero' | 'positive' | 'integer' | 'mask' | 'index';

/** One primitive on operands of given shapes. */
export interface PrimitiveCase {
  /** Unique among the cases: 'matmul [2, 3] [3, 4] {…}'. */
  readonly name: string;
  readonly op: Primitive;
  /** One input for each operand, this one node, one output 'y'. */
  readonly program: Program;
  /** For each input. */
  readonly domains: readonly Domain[];
}

/** A case with the domains that suit its primitive. */
export function primitiveCase<P extends Primitive>(
  op: P,
  shapes: readonly Shape[],
  attributes: Attributes[P],
): PrimitiveCase {
  const b = new ProgramBuilder(op);
  const operands = shapes.map((shape, i) => b.input(`x${i}`, shape));
  b.output('y', b.emit(op, operands, attributes));
  const shown = Object.keys(attributes).length === 0 ? '' : ` ${JSON.stringify(attributes)}`;
  return {
    name: `${[op, ...shapes.map(formatShape)].join(' ')}${shown}`,
    op,
    program: b.build(),
    domains: shapes.map((_, i) => DOMAINS[op]?.[i] ?? 'real'),
  };
}

/** Values for the inputs of a case: one array for each, exactly representable in float32. */
export function drawInputs(testCase: PrimitiveCase, rng: Rng): Float64Array[] {
  return testCase.program.inputs.map(({ shape }, i) => {
    const draw = DRAW[testCase.domains[i]!];
    return Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(draw(rng)));
  });
}

const DRAW: { readonly [D in Domain]: (rng: Rng) => number } = {
  real: (rng) => rng.normal(),
  nonzero: (rng) => (rng.uniform() < 0.5 ? -1 : 1) * (0.25 + Math.abs(rng.normal())),
  positive: (rng) => 0.25 + Math.abs(rng.normal()),
  integer: (rng) => rng.integer(5) - 2,
  mask: (rng) => rng.integer(2),
  index: (rng) => rng.integer(3),
};

/** Domains other than `real`. */
const DOMAINS: { readonly [P in Primitive]?: readonly Domain[] } = {
  abs: ['nonzero'],
  sign: ['nonzero'],
  relu: ['nonzero'],
  log: ['positive'],
  sqrt: ['positive'],
  div: ['real', 'nonzero'],
  greater: ['integer', 'integer'],
  greaterEqual: ['integer', 'integer'],
  equal: ['integer', 'integer'],
  where: ['mask'],
  gather: ['real', 'index'],
  scatterAdd: ['real', 'index'],
};
