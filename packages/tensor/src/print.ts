import type { Program, Value } from './program.ts';
import { formatShape } from './shape.ts';

/**
 * A Program as text, one line a value:
 *
 *     program dense
 *       x  : [5, 3] examples on axis 0
 *       w  : [3, 4]
 *       %2 : [5, 4] = matmul x w
 *       return f = %2
 */
export function printProgram(program: Program): string {
  const count = program.inputs.length;
  const name = (value: Value): string => (value < count ? program.inputs[value]!.name : `%${value}`);
  const width = Math.max(
    0,
    ...program.inputs.map((input) => input.name.length),
    `%${count + program.nodes.length}`.length,
  );
  const lines = [`program ${program.name}`];
  for (const input of program.inputs) {
    const examples = input.exampleAxis === null ? '' : ` examples on axis ${input.exampleAxis}`;
    lines.push(`  ${input.name.padEnd(width)} : ${formatShape(input.shape)}${examples}`);
  }
  program.nodes.forEach((node, i) => {
    const operands = node.inputs.map((value) => ` ${name(value)}`).join('');
    lines.push(
      `  ${name(count + i).padEnd(width)} : ${formatShape(node.shape)} = ${node.op}${operands}${printAttributes(node.attributes)}`,
    );
  });
  const results = program.outputs.map((output) => `${output.name} = ${name(output.value)}`);
  return [...lines, `  return ${results.join(', ')}`].join('\n');
}

/** Attributes other than flags left at their default, in braces. */
function printAttributes(attributes: object): string {
  const shown = Object.entries(attributes).filter(([, value]) => value !== false);
  return shown.length === 0 ? '' : ` {${shown.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')}}`;
}
