import { unitRoundoff, type DType, type TypedArray } from '../dtype.ts';
import type { Primitive } from '../primitives/attributes.ts';
import type { Operand } from '../primitives/spec.ts';
import { primitives } from '../primitives/table.ts';
import type { PrimitiveSpec } from '../primitives/spec.ts';
import type { ProgramNode } from '../program.ts';
import { sizeOf } from '../shape.ts';

/** How many roundings of its result a primitive may be off; what is not listed only selects or moves, and is exact. */
export type Roundings = { readonly [P in Primitive]?: number };

/**
 * Roundings that a good implementation stays within. One operation rounds once, and the oracle, in float64, once more.
 * Division and root are allowed a reciprocal, transcendental functions a polynomial of moderate length.
 */
export const ROUNDINGS: Roundings = {
  constant: 1,
  add: 2,
  sub: 2,
  mul: 2,
  div: 4,
  sqrt: 4,
  exp: 16,
  log: 16,
  tanh: 16,
  sigmoid: 16,
  erf: 16,
};

/**
 * A bound on the rounding error of one node, element by element.
 *
 * For a sum of k terms it is 2(k + 1) u Σ|terms| (Higham 2002, section 3.1: γ_k, once for the backend and once for the oracle); for
 * other primitives the number of their roundings times u times the size of the result. Below the normal numbers an
 * implementation may flush to zero.
 *
 * @param operands - what the node reads, float64
 * @param result - what the oracle gives for it
 * @returns one bound for each element of the result
 */
export function roundingBound(
  node: ProgramNode,
  operands: readonly Operand[],
  result: TypedArray,
  options: { readonly dtype: DType; readonly roundings: Roundings },
): Float64Array {
  const { dtype, roundings } = options;
  const u = unitRoundoff(dtype);
  const terms = termsPerElement(node, operands);
  if (terms > 0)
    return sizeOfTerms(node, operands, result.length).map((size) => 2 * (terms + 1) * u * size + tiny(dtype));
  const count = roundings[node.op] ?? 0;
  // Multiples of 1/16 are exact in every dtype; indices must stay whole.
  const exact = (y: number): boolean => count === 0 || (node.op === 'constant' && Number.isInteger(16 * y));
  // A logistic function is 1/2 plus something odd: implementations keep the absolute, not the relative error of its tails.
  const least = node.op === 'sigmoid' ? 1 : 0;
  return Float64Array.from(result, (y) => (exact(y) ? 0 : count * u * Math.max(Math.abs(y), least) + tiny(dtype)));
}

/** The smallest normal number of a dtype. */
function tiny(dtype: DType): number {
  return dtype === 'float64' ? 2 ** -1022 : 2 ** -126;
}

/** How many terms are added up for one element of the result; 0 for primitives that add nothing up. */
function termsPerElement(node: ProgramNode, operands: readonly Operand[]): number {
  if (node.op === 'matmul') return operands[0]!.shape.at(node.attributes.transposeA ? -2 : -1)!;
  // At worst every entry goes to one place.
  if (node.op === 'scatterAdd') return sizeOf(operands[1]!.shape);
  // What a convolution adds up: every tap of every channel that it reads, the transposed one at worst.
  if (node.op === 'conv2d') return sizeOf(operands[1]!.shape.slice(0, 3));
  if (node.op === 'conv2dTranspose') return sizeOf(operands[1]!.shape.with(2, 1));
  if (node.op === 'fold') return sizeOf(node.attributes.kernel);
  if (node.op === 'sum') return node.attributes.axes.reduce((size, axis) => size * operands[0]!.shape[axis]!, 1);
  return 0;
}

/** Σ|terms| of each element: the node itself on absolute values. */
function sizeOfTerms(node: ProgramNode, operands: readonly Operand[], length: number): Float64Array {
  const absolute = operands.map(({ data, shape }) => ({ shape, data: data.map(Math.abs) }));
  const sizes = new Float64Array(length);
  (primitives[node.op] as PrimitiveSpec<Primitive>).evaluate(absolute, node.attributes, sizes, node.shape);
  return sizes;
}
