import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProgram, ProgramBuilder, type Program } from '@ntk/tensor';
import { arbitraryProgram, primitiveCases } from '@ntk/tensor/testing';

function roundTrip(program: Program): Program {
  return parseProgram(JSON.parse(JSON.stringify(program)));
}

/** x [2, 3] by example → matmul, slice, and a constant. */
function stored(): Program {
  const b = new ProgramBuilder('stored');
  const x = b.input('x', [2, 3], { exampleAxis: 0 });
  const w = b.input('w', [3, 4]);
  const y = b.slice(b.matmul(x, w), 1, { start: 1, step: 2 });
  b.output('y', b.mul(y, b.scalar(0.5)));
  return b.build();
}

type Json = { [key: string]: Json } & Json[] & (string | number | boolean | null);

/** The stored Program with something put at a path, or taken away. */
function tampered(path: string, value: unknown): unknown {
  const json = JSON.parse(JSON.stringify(stored())) as Json;
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((each, key) => each[key]!, json) as unknown as Record<string, unknown>;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return json;
}

describe('parseProgram', () => {
  it('gives back every primitive', () => {
    for (const { program } of primitiveCases) expect(roundTrip(program)).toEqual(program);
  });

  it('gives back random Programs', () => {
    fc.assert(
      fc.property(arbitraryProgram(), ({ program }) => {
        expect(roundTrip(program)).toEqual(program);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('gives back the example axes', () => {
    expect(roundTrip(stored())).toEqual(stored());
  });

  it('keeps no reference to what it was given, and nothing that is not of a Program', () => {
    const json = { ...structuredClone(stored()), comment: 'extra' };
    const program = parseProgram(json);
    (json.inputs[0]!.shape as number[])[0] = 99;
    (json.nodes[2]!.attributes as unknown as { values: number[] }).values[0] = 99;
    expect(program).toEqual(stored());
  });

  it.each<[path: string, value: unknown, message: RegExp]>([
    ['version', 2, /got version 2, expected 1/],
    ['version', undefined, /got version undefined/],
    ['name', 5, /Program.name: got 5, expected a string/],
    ['inputs', {}, /Program.inputs: got {}, expected a list/],
    ['inputs.0', null, /Program.inputs\[0\]: got null, expected an object/],
    ['inputs.0.shape', [2, -3], /Program.inputs\[0\].shape/],
    ['inputs.0.shape', [2.5, 3], /Program.inputs\[0\].shape/],
    ['inputs.0.shape', [2 ** 30, 2 ** 30], /Program.inputs\[0\].shape/],
    ['inputs.0.shape', '2,3', /expected a list/],
    ['inputs.0.exampleAxis', 2, /exampleAxis: got 2, expected null or an axis of \[2, 3\]/],
    ['inputs.0.exampleAxis', undefined, /exampleAxis: got nothing/],
    ['inputs.1.name', 'x', /two named 'x'/],
    ['nodes', undefined, /Program.nodes: got nothing, expected a list/],
    ['nodes.0.op', 'convolve', /Program.nodes\[0\].op: got "convolve"/],
    ['nodes.0.op', 'toString', /Program.nodes\[0\].op/],
    ['nodes.0.op', ['matmul'], /Program.nodes\[0\].op/],
    ['nodes.0.inputs', [0, 2], /got 2, expected a value defined before: 0 to 1/],
    ['nodes.0.inputs', [0, -1], /got -1, expected a value defined before/],
    ['nodes.0.inputs', [0, 0.5], /got 0.5, expected a value defined before/],
    ['nodes.0.inputs', [0, '1'], /got "1", expected a value defined before/],
    ['nodes.0.inputs', [0], /expected 2 operands of matmul/],
    ['nodes.0.inputs', [0, 0], /Program.nodes\[0\]: matmul: got \[2, 3\] and \[2, 3\]/],
    ['nodes.0.attributes', null, /attributes: got null, expected an object/],
    ['nodes.0.attributes.transposeA', undefined, /transposeA: got nothing, expected boolean/],
    ['nodes.0.attributes.transposeA', 0, /transposeA: got 0, expected boolean/],
    ['nodes.0.attributes.transposeC', true, /got 'transposeC', which matmul does not have/],
    ['nodes.1.attributes.axis', 7, /slice: got axis 7/],
    ['nodes.1.attributes.step', 1.5, /step: got 1.5, expected an integer/],
    ['nodes.2.attributes.values', [null], /values: got \[null\], expected numbers/],
    ['nodes.2.attributes.values', [1, 2], /constant: got 2 values/],
    ['nodes.0.shape', [2, 5], /shape: got \[2,5\], expected \[2, 4\], as matmul gives/],
    ['nodes.0.shape', undefined, /shape: got nothing, expected a list/],
    ['outputs.0.value', 9, /got 9, expected a value defined before: 0 to 5/],
    ['outputs.0.name', undefined, /Program.outputs\[0\].name: got nothing/],
    ['outputs.1', { name: 'y', value: 0 }, /Program.outputs: got two named 'y'/],
  ])('refuses %s = %j', (path, value, message) => {
    const parse = (): Program => parseProgram(tampered(path, value));
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ name: 'FormatError' }) as Error);
  });

  it.each([null, undefined, 7, 'program', [], [[]]])('refuses %j', (json) => {
    expect(() => parseProgram(json)).toThrow(expect.objectContaining({ name: 'FormatError' }) as Error);
  });

  it('throws nothing but FormatError, whatever is changed', () => {
    const paths = leaves(JSON.parse(JSON.stringify(stored())) as Json);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        try {
          parseProgram(tampered(path, value));
        } catch (error) {
          expect((error as Error).name).toBe('FormatError');
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

/** The paths of all values inside a JSON value. */
function leaves(json: Json, path = ''): string[] {
  if (json === null || typeof json !== 'object') return [path];
  const below = Object.entries(json).flatMap(([key, value]) =>
    leaves(value as Json, path === '' ? key : `${path}.${key}`),
  );
  return path === '' ? below : [path, ...below];
}
