import { allocate, type DType, type TypedArray } from '../dtype.ts';
import type { Primitive } from '../primitives/attributes.ts';
import type { Operand, PrimitiveSpec } from '../primitives/spec.ts';
import { primitives } from '../primitives/table.ts';
import type { Program, Value } from '../program.ts';
import { sizeOf } from '../shape.ts';

/**
 * Evaluates a Program node by node; a value is dropped after its last use.
 *
 * @param inputs - host data in the order of the inputs, already of `dtype`; borrowed
 * @returns one operand for each output; an output that is an input shares its data
 */
export function interpret(program: Program, dtype: DType, inputs: readonly TypedArray[]): Operand[] {
  const lastUse = lastUses(program);
  const values = new Map<Value, Operand>(program.inputs.map(({ shape }, i) => [i, { data: inputs[i]!, shape }]));
  program.nodes.forEach((node, i) => {
    const spec = primitives[node.op] as PrimitiveSpec<Primitive>;
    const out = allocate(dtype, sizeOf(node.shape));
    const operands = node.inputs.map((value) => values.get(value)!);
    spec.evaluate(operands, node.attributes, out, node.shape);
    values.set(program.inputs.length + i, { data: out, shape: node.shape });
    for (const value of node.inputs) if (lastUse.get(value) === i) values.delete(value);
  });
  return program.outputs.map(({ value }) => values.get(value)!);
}

/** The last node that reads each value; outputs are kept to the end. */
function lastUses(program: Program): Map<Value, number> {
  const uses = new Map<Value, number>();
  program.nodes.forEach((node, i) => node.inputs.forEach((value) => uses.set(value, i)));
  for (const { value } of program.outputs) uses.set(value, Infinity);
  return uses;
}
