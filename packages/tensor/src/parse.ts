import { FormatError, NtkError } from './errors.ts';
import type { Attributes, Primitive } from './primitives/attributes.ts';
import type { PrimitiveSpec } from './primitives/spec.ts';
import { PRIMITIVES, primitives } from './primitives/table.ts';
import { PROGRAM_VERSION, type Program, type ProgramInput, type ProgramNode, type ProgramOutput } from './program.ts';
import { formatShape, sameShape, sizeOf, type Shape } from './shape.ts';

/**
 * Checks that parsed JSON is a Program that this version can run: version, names, primitives, value ids, attributes, and every
 * shape, inferred anew.
 *
 * @param json - what JSON.parse gave; not kept
 * @returns a Program equal to the one that was stored, with nothing beside what a Program has
 * @throws {FormatError} naming the first part that is wrong
 */
export function parseProgram(json: unknown): Program {
  const { version, name, inputs, nodes, outputs } = record(json, 'Program');
  if (version !== PROGRAM_VERSION) {
    throw new FormatError(
      `Program: got version ${JSON.stringify(version)}, expected ${PROGRAM_VERSION}; use the version of this library that wrote it`,
    );
  }
  const declared = list(inputs, 'Program.inputs').map(parseInput);
  const shapes = declared.map((input) => input.shape);
  const parsed = list(nodes, 'Program.nodes').map((node, i) => {
    const result = parseNode(node, `Program.nodes[${i}]`, shapes);
    shapes.push(result.shape);
    return result;
  });
  const results = list(outputs, 'Program.outputs').map((output, i) => parseOutput(output, i, shapes.length));
  unique(declared, 'Program.inputs');
  unique(results, 'Program.outputs');
  return { version, name: text(name, 'Program.name'), inputs: declared, nodes: parsed, outputs: results };
}

function parseInput(json: unknown, i: number): ProgramInput {
  const where = `Program.inputs[${i}]`;
  const { name, shape, exampleAxis } = record(json, where);
  const extents = parseShape(shape, `${where}.shape`);
  if (exampleAxis !== null && !(isCount(exampleAxis) && exampleAxis < extents.length)) {
    throw wrong(`${where}.exampleAxis`, exampleAxis, `null or an axis of ${formatShape(extents)}`);
  }
  return { name: text(name, `${where}.name`), shape: extents, exampleAxis };
}

function parseNode(json: unknown, where: string, shapes: readonly Shape[]): ProgramNode {
  const { op, inputs, attributes, shape } = record(json, where);
  if (!isPrimitive(op)) throw wrong(`${where}.op`, op, 'a primitive of this version');
  const operands = list(inputs, `${where}.inputs`).map((value) => parseValue(value, `${where}.inputs`, shapes.length));
  const spec = primitives[op] as PrimitiveSpec<Primitive>;
  if (spec.arity === null ? operands.length === 0 : operands.length !== spec.arity) {
    throw wrong(`${where}.inputs`, inputs, `${spec.arity ?? 'at least one'} operands of ${op}`);
  }
  const checked = parseAttributes(op, attributes, `${where}.attributes`);
  const stored = parseShape(shape, `${where}.shape`);
  const inferred = inferAgain(
    spec,
    operands.map((value) => shapes[value]!),
    checked,
    where,
  );
  if (!sameShape(stored, inferred)) throw wrong(`${where}.shape`, stored, `${formatShape(inferred)}, as ${op} gives`);
  return { op, inputs: operands, attributes: checked, shape: stored } as ProgramNode;
}

function inferAgain(
  spec: PrimitiveSpec<Primitive>,
  operands: readonly Shape[],
  attributes: Attributes[Primitive],
  where: string,
): Shape {
  try {
    return spec.infer(operands, attributes);
  } catch (error) {
    if (!(error instanceof NtkError)) throw error;
    throw new FormatError(`${where}: ${error.message}`, { cause: error });
  }
}

function parseOutput(json: unknown, i: number, values: number): ProgramOutput {
  const where = `Program.outputs[${i}]`;
  const { name, value } = record(json, where);
  return { name: text(name, `${where}.name`), value: parseValue(value, `${where}.value`, values) };
}

type Kind = 'boolean' | 'integer' | 'integers' | 'numbers';

const KINDS: { readonly [K in Kind]: (value: unknown) => boolean } = {
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isSafeInteger,
  integers: (value) => Array.isArray(value) && value.every(Number.isSafeInteger),
  numbers: (value) => Array.isArray(value) && value.every(Number.isFinite),
};

const SLIDING = { strides: 'integers', pads: 'integers', dilations: 'integers' } as const;

/** The attributes of primitives that have any. */
const ATTRIBUTES: { readonly [P in Primitive]?: { readonly [A in keyof Attributes[P]]: Kind } } = {
  sum: { axes: 'integers' },
  max: { axes: 'integers' },
  constant: { shape: 'integers', values: 'numbers' },
  matmul: { transposeA: 'boolean', transposeB: 'boolean' },
  reshape: { shape: 'integers' },
  transpose: { permutation: 'integers' },
  broadcastTo: { shape: 'integers' },
  concat: { axis: 'integer' },
  slice: { axis: 'integer', start: 'integer', end: 'integer', step: 'integer' },
  gather: { axis: 'integer' },
  scatterAdd: { axis: 'integer', extent: 'integer' },
  pad: { axis: 'integer', before: 'integer', after: 'integer', step: 'integer' },
  conv2d: { ...SLIDING, groups: 'integer' },
  conv2dTranspose: { ...SLIDING, groups: 'integer', size: 'integers' },
  patches: { ...SLIDING, kernel: 'integers' },
  fold: { ...SLIDING, kernel: 'integers', size: 'integers' },
};

/** A copy of a primitive's attributes, each of its kind and no other beside them. */
function parseAttributes(op: Primitive, json: unknown, where: string): Attributes[Primitive] {
  const given = record(json, where);
  const kinds: Readonly<Record<string, Kind>> = ATTRIBUTES[op] ?? {};
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(kinds, key));
  if (unknown !== undefined) throw new FormatError(`${where}: got '${unknown}', which ${op} does not have`);
  const entries = Object.entries(kinds).map(([key, kind]) => {
    if (!KINDS[kind](given[key])) throw wrong(`${where}.${key}`, given[key], kind === 'integer' ? 'an integer' : kind);
    return [key, structuredClone(given[key])];
  });
  return Object.fromEntries(entries) as Attributes[Primitive];
}

function parseShape(json: unknown, where: string): Shape {
  const shape = list(json, where);
  if (!shape.every(isCount) || !Number.isSafeInteger(sizeOf(shape))) {
    throw wrong(where, json, 'non-negative integers whose product is one');
  }
  return [...shape];
}

function parseValue(json: unknown, where: string, defined: number): number {
  if (!isCount(json) || json >= defined) throw wrong(where, json, `a value defined before: 0 to ${defined - 1}`);
  return json;
}

function unique(named: readonly { readonly name: string }[], where: string): void {
  const names = new Set<string>();
  for (const { name } of named) {
    if (names.has(name)) throw new FormatError(`${where}: got two named '${name}', expected unique names`);
    names.add(name);
  }
}

function isPrimitive(value: unknown): value is Primitive {
  return (PRIMITIVES as ReadonlySet<unknown>).has(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function record(json: unknown, where: string): Readonly<Record<string, unknown>> {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw wrong(where, json, 'an object');
  return json as Readonly<Record<string, unknown>>;
}

function list(json: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(json)) throw wrong(where, json, 'a list');
  return json;
}

function text(json: unknown, where: string): string {
  if (typeof json !== 'string') throw wrong(where, json, 'a string');
  return json;
}

function wrong(where: string, got: unknown, expected: string): FormatError {
  const shown = JSON.stringify(got) ?? 'nothing';
  return new FormatError(`${where}: got ${shown.length > 80 ? `${shown.slice(0, 77)}…` : shown}, expected ${expected}`);
}
