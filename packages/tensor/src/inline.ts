import type { ProgramBuilder } from './builder.ts';
import { ProgramError } from './errors.ts';
import type { Program, Value } from './program.ts';

/**
 * Emits a whole Program into a builder.
 *
 * @param inputs - the value to use for each input of the Program, in its order; their shapes may differ from the declared ones, and every shape is inferred anew
 * @returns the builder's value for each value of the Program, inputs first
 */
export function inline(builder: ProgramBuilder, program: Program, inputs: readonly Value[]): Value[] {
  if (inputs.length !== program.inputs.length) {
    throw new ProgramError(`inline ${program.name}: got ${inputs.length} inputs, expected ${program.inputs.length}`);
  }
  const values: Value[] = [...inputs];
  for (const node of program.nodes) {
    const operands = node.inputs.map((value) => values[value]!);
    values.push(builder.emit(node.op, operands, node.attributes));
  }
  return values;
}
