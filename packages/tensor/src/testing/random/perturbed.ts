import type { DType, TypedArray } from '../../dtype.ts';
import type { Primitive } from '../../primitives/attributes.ts';
import type { Operand, PrimitiveSpec } from '../../primitives/spec.ts';
import { primitives } from '../../primitives/table.ts';
import type { Program } from '../../program.ts';
import type { Rng } from '../../rng.ts';
import { sizeOf } from '../../shape.ts';
import { roundingBound, type Roundings } from '../rounding.ts';

/** Runs with random rounding errors; more of them miss fewer of the ways that errors add up. */
const RUNS = 8;

/** How much further than in the worst of those runs a backend may be off. */
const SAFETY = 16;

/**
 * How far the outputs of a Program may be off in a dtype: the oracle, repeated with random errors of the size of each node's
 * rounding bound, so that errors are carried through the Program as its own conditioning carries them
 * (stochastic arithmetic, Vignes 1993).
 *
 * @param inputs - float64, exact in `dtype`
 * @returns one bound for each element of each output
 */
export function outputBounds(
  program: Program,
  inputs: readonly TypedArray[],
  options: { readonly dtype: DType; readonly roundings: Roundings; readonly rng: Rng },
): Float64Array[] {
  const exact = evaluate(program, inputs, (_node, data) => data);
  const bounds = exact.map((data) => new Float64Array(data.length));
  for (let run = 0; run < RUNS; run++) {
    const perturbed = evaluate(program, inputs, (node, data, operands) => {
      const bound = roundingBound(node, operands, data, options);
      return data.map((x, i) => x + bound[i]! * (2 * options.rng.uniform() - 1));
    });
    perturbed.forEach((data, output) => {
      const bound = bounds[output]!;
      data.forEach((x, i) => (bound[i] = Math.max(bound[i]!, SAFETY * Math.abs(x - exact[output]![i]!))));
    });
  }
  return bounds;
}

/** The oracle with something done to the result of every node. */
function evaluate(
  program: Program,
  inputs: readonly TypedArray[],
  adjust: (node: Program['nodes'][number], data: Float64Array, operands: readonly Operand[]) => Float64Array,
): TypedArray[] {
  const values: Operand[] = program.inputs.map(({ shape }, i) => ({ shape, data: inputs[i]! }));
  for (const node of program.nodes) {
    const operands = node.inputs.map((value) => values[value]!);
    const data = new Float64Array(sizeOf(node.shape));
    (primitives[node.op] as PrimitiveSpec<Primitive>).evaluate(operands, node.attributes, data, node.shape);
    values.push({ shape: node.shape, data: adjust(node, data, operands) });
  }
  return program.outputs.map(({ value }) => values[value]!.data);
}
