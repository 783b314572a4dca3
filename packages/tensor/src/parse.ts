import { ProgramBuilder } from './builder.ts';
import { FormatError } from './errors.ts';
import type { Attributes, Primitive } from './primitives/attributes.ts';
import { PRIMITIVES } from './primitives/table.ts';
import { PROGRAM_VERSION, type Program, type Value } from './program.ts';
import { formatShape, sameShape, type Shape } from './shape.ts';

/**
 * Reads a Program from parsed JSON, trusting nothing: every node is emitted anew and its shape compared with the stored one.
 *
 * @param json - what JSON.parse gave for a stored Program
 * @throws {FormatError} naming the first part that is not as expected
 */
export function parseProgram(json: unknown): Program {
  const { version, name, inputs, nodes, outputs } = record(json, 'the Program');
  if (version !== PROGRAM_VERSION) {
    throw new FormatError(`Program: got version ${JSON.stringify(version)}, expected ${PROGRAM_VERSION}; use the release that wrote it`);
  }
  const builder = new ProgramBuilder(text(name, 'name'));
  try {
    const values = list(inputs, 'inputs').map((input, i) => readInput(builder, record(input, `inputs[${i}]`), i));
    list(nodes, 'nodes').forEach((node, i) => values.push(readNode(builder, record(node, `nodes[${i}]`), values, i)));
    list(outputs, 'outputs').forEach((output, i) => {
      const { name: outputName, value } = record(output, `outputs[${i}]`);
      builder.output(text(outputName, `outputs[${i}].name`), lookUp(values, value, `outputs[${i}].value`));
    });
    return builder.build();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    // Whatever damaged attributes make an inference rule throw, a TypeError included, is the file's fault.
    throw new FormatError(`Program '${builder.name}' is damaged: ${(error as Error).message}`, { cause: error });
  }
}

function readInput(builder: ProgramBuilder, input: Record<string, unknown>, i: number): Value {
  const axis = input['exampleAxis'];
  if (axis !== null && !isIndex(axis)) throw damaged(`inputs[${i}].exampleAxis`, axis, 'an axis or null');
  return builder.input(text(input['name'], `inputs[${i}].name`), shape(input['shape'], `inputs[${i}].shape`), { exampleAxis: axis });
}

function readNode(builder: ProgramBuilder, node: Record<string, unknown>, values: readonly Value[], i: number): Value {
  const { op, inputs, attributes } = node;
  if (!PRIMITIVES.has(op as Primitive)) throw damaged(`nodes[${i}].op`, op, 'a primitive of this version');
  const operands = list(inputs, `nodes[${i}].inputs`).map((value) => lookUp(values, value, `nodes[${i}].inputs`));
  const value = builder.emit(op as Primitive, operands, record(attributes, `nodes[${i}].attributes`) as unknown as Attributes[Primitive]);
  const stored = shape(node['shape'], `nodes[${i}].shape`);
  if (!sameShape(builder.shape(value), stored)) throw damaged(`nodes[${i}].shape`, stored, formatShape(builder.shape(value)));
  return value;
}

function lookUp(values: readonly Value[], value: unknown, where: string): Value {
  const found = isIndex(value) ? values[value] : undefined;
  if (found === undefined) throw damaged(where, value, `a value from 0 to ${values.length - 1}`);
  return found;
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw damaged(where, value, 'an object');
}

function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw damaged(where, value, 'an array');
}

function text(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw damaged(where, value, 'a text');
}

function shape(value: unknown, where: string): Shape {
  if (Array.isArray(value) && value.every(isIndex)) return value;
  throw damaged(where, value, 'non-negative integers');
}

function damaged(where: string, got: unknown, expected: string): FormatError {
  return new FormatError(`Program: ${where} is ${JSON.stringify(got) ?? 'absent'}, expected ${expected}; the file is damaged`);
}
