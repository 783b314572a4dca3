import { ProgramError } from './errors.ts';
import type { Attributes, Primitive } from './primitives/attributes.ts';
import type { PrimitiveSpec } from './primitives/spec.ts';
import { primitives } from './primitives/table.ts';
import { shapeOf, type Program } from './program.ts';

/**
 * The axis of every value of a Program along which examples lie, or null where all examples share it.
 *
 * @throws {ProgramError} if an operation mixes examples: then an output for one example would depend on another one
 */
export function exampleAxes(program: Program): (number | null)[] {
  const axes: (number | null)[] = program.inputs.map((input) => input.exampleAxis);
  program.nodes.forEach((node, i) => {
    const spec = primitives[node.op] as PrimitiveSpec<Primitive>;
    try {
      const operandShapes = node.inputs.map((value) => shapeOf(program, value));
      axes.push(spec.exampleAxis(node.inputs.map((value) => axes[value]!), operandShapes, node.attributes as Attributes[Primitive]));
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      throw new ProgramError(`${program.name}: %${program.inputs.length + i} ${error.message}`, { cause: error });
    }
  });
  return axes;
}
