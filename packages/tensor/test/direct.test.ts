import { describe, expect, it } from 'vitest';
import { interpret, PRIMITIVES, Rng, unitRoundoff } from '@ntk/tensor';
import { drawInputs, expectAllclose, primitiveCases } from '@ntk/tensor/testing';
import { element, indices } from './direct.ts';

describe('the cpu evaluation against the definition, element by element', () => {
  // Roundings of a chain of elementary functions relative to the result, or to the terms of a sum of O(1) values.
  const tolerance = 64 * unitRoundoff('float64');

  it.each(primitiveCases)('$name', (testCase) => {
    const { program } = testCase;
    const inputs = drawInputs(testCase, new Rng(testCase.name));
    const [output] = interpret(program, 'float64', inputs);
    const node = program.nodes[0]!;
    const operands = program.inputs.map(({ shape }, i) => ({ shape, data: inputs[i]! }));
    const expected = indices(node.shape).map((index) => element(node, operands, index));
    expect(output!.shape).toEqual(node.shape);
    expectAllclose(output!.data, expected, { rtol: tolerance, atol: tolerance, shape: node.shape });
  });

  it.each(primitiveCases)('$name, rounded to float32', (testCase) => {
    const { program } = testCase;
    const inputs = drawInputs(testCase, new Rng(testCase.name));
    const single = interpret(
      program,
      'float32',
      inputs.map((data) => Float32Array.from(data)),
    );
    // Arithmetic is in double precision, and only the result is rounded.
    expect(single[0]!.data).toEqual(Float32Array.from(interpret(program, 'float64', inputs)[0]!.data));
  });

  it('covers every primitive', () => {
    expect(new Set(primitiveCases.map(({ op }) => op))).toEqual(PRIMITIVES);
    expect(new Set(primitiveCases.map(({ name }) => name)).size).toBe(primitiveCases.length);
  });
});
