import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleAxes, interpret, shapeOf, type Program } from '@ntk/tensor';
import { arbitraryProgram } from '@ntk/tensor/testing';
import { indices } from './direct.ts';

const EXAMPLES = 3;

const programs = arbitraryProgram({
  inputs: [
    { shape: [EXAMPLES, 2], exampleAxis: 0 },
    { shape: [2], exampleAxis: null },
    { shape: [2, EXAMPLES, 1], exampleAxis: 1 },
    { shape: [EXAMPLES, EXAMPLES], exampleAxis: 1 },
  ],
});

/** The nodes up to the first that mixes examples, with every value as an output, and the example axis of each. */
function separable(program: Program): { readonly program: Program; readonly axes: readonly (number | null)[] } {
  for (let count = program.nodes.length; ; count--) {
    const nodes = program.nodes.slice(0, count);
    const values = Array.from({ length: program.inputs.length + count }, (_, value) => value);
    const prefix = { ...program, nodes, outputs: values.map((value) => ({ name: `v${value}`, value })) };
    try {
      return { program: prefix, axes: exampleAxes(prefix) };
    } catch (error) {
      if (count === 0) throw error;
    }
  }
}

/** Other numbers in the inputs of one example. */
function changed(program: Program, inputs: readonly Float64Array[], example: number): Float64Array[] {
  return inputs.map((data, i) => {
    const { shape, exampleAxis } = program.inputs[i]!;
    const index = indices(shape);
    return data.map((x, j) => (exampleAxis !== null && index[j]![exampleAxis] === example ? x + 0.875 : x));
  });
}

describe('exampleAxes', () => {
  it('is right: another example changes only what belongs to it', () => {
    let nodes = 0;
    fc.assert(
      fc.property(programs, fc.nat(EXAMPLES - 1), (random, example) => {
        const { program, axes } = separable(random.program);
        nodes += program.nodes.length;
        const before = interpret(program, 'float64', random.inputs);
        const after = interpret(program, 'float64', changed(program, random.inputs, example));
        axes.forEach((axis, value) => {
          indices(shapeOf(program, value)).forEach((index, j) => {
            if (axis === null || index[axis] !== example) expect(after[value]!.data[j]).toBe(before[value]!.data[j]);
          });
        });
      }),
      { seed: 1, numRuns: 200 },
    );
    expect(nodes).toBeGreaterThan(400);
  });
});
