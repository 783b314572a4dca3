import { ProgramBuilder } from './builder.ts';
import { inline } from './inline.ts';
import type { Program } from './program.ts';

/**
 * The same Program for another number of examples: inputs with an example axis take the new extent there, all other shapes follow.
 *
 * @param examples - the new number of examples, at least 1
 * @throws {ShapeError} if an operation holds the old number of examples in an attribute
 */
export function rebatch(program: Program, examples: number): Program {
  const builder = new ProgramBuilder(program.name);
  const inputs = program.inputs.map(({ name, shape, exampleAxis }) =>
    builder.input(name, exampleAxis === null ? shape : shape.with(exampleAxis, examples), { exampleAxis }),
  );
  const values = inline(builder, program, inputs);
  for (const { name, value } of program.outputs) builder.output(name, values[value]!);
  return builder.build();
}
