import { ProgramError } from './errors.ts';
import type { Primitive } from './primitives/attributes.ts';
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
  const examples = exampleExtent(program);
  program.nodes.forEach((node, i) => {
    const spec = primitives[node.op] as PrimitiveSpec<Primitive>;
    try {
      const operandShapes = node.inputs.map((value) => shapeOf(program, value));
      const axis = spec.exampleAxis(
        node.inputs.map((value) => axes[value]!),
        operandShapes,
        node.attributes,
      );
      if (axis !== null && node.shape[axis] !== examples) {
        throw new ProgramError(`${node.op}: makes ${node.shape[axis]!} examples of ${examples ?? 0}`);
      }
      axes.push(axis);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      throw new ProgramError(`${program.name}: %${program.inputs.length + i} ${error.message}`, { cause: error });
    }
  });
  return axes;
}

/** The number of examples that all inputs agree on, or undefined where no input has an example axis. */
function exampleExtent(program: Program): number | undefined {
  const extents = program.inputs.flatMap(({ shape, exampleAxis }) =>
    exampleAxis === null ? [] : [shape[exampleAxis]!],
  );
  if (new Set(extents).size > 1) {
    throw new ProgramError(
      `${program.name}: got inputs of ${extents.join(', ')} examples, expected the same number in each`,
    );
  }
  return extents[0];
}
