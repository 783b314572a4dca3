import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpret, PRIMITIVES, Rng, shapeOf, sizeOf } from '@ntk/tensor';
import { arbitraryProgram, outputBounds, ROUNDINGS } from '@ntk/tensor/testing';

describe('arbitraryProgram', () => {
  const sample = fc.sample(arbitraryProgram(), { seed: 1, numRuns: 300 });

  it('uses every primitive', () => {
    const used = new Set(sample.flatMap(({ program }) => program.nodes.map((node) => node.op)));
    expect([...PRIMITIVES].filter((op) => !used.has(op))).toEqual([]);
  });

  it('makes deep Programs, with several outputs, unused inputs, and outputs that are inputs', () => {
    const count = (holds: (each: (typeof sample)[number]) => boolean): number => sample.filter(holds).length;
    expect(count(({ program }) => program.nodes.length >= 10)).toBeGreaterThan(50);
    expect(count(({ program }) => program.outputs.length > 1)).toBeGreaterThan(50);
    expect(count(({ program }) => program.outputs.some(({ value }) => value < program.inputs.length))).toBeGreaterThan(
      10,
    );
    const unused = ({ program }: (typeof sample)[number]): boolean =>
      program.inputs.some((_, i) => !program.nodes.some((node) => node.inputs.includes(i)));
    expect(count(unused)).toBeGreaterThan(10);
  });

  it('keeps to the primitives it is given', () => {
    const primitives = new Set(['add', 'mul', 'tanh', 'matmul'] as const);
    for (const { program } of fc.sample(arbitraryProgram({ primitives }), { seed: 1, numRuns: 50 })) {
      expect(program.nodes.filter((node) => !(primitives as ReadonlySet<string>).has(node.op))).toEqual([]);
    }
  });

  it('has finite, moderate values', () => {
    for (const { program, inputs } of sample) {
      for (const { data } of interpret(program, 'float64', inputs)) {
        expect(data.every((x) => Math.abs(x) <= 1000)).toBe(true);
      }
    }
  });

  it('has values for each input that are exact in float32', () => {
    for (const { program, inputs } of sample) {
      expect(inputs.map((data) => data.length)).toEqual(program.inputs.map(({ shape }) => sizeOf(shape)));
      expect(inputs.every((data) => data.every((x) => x === Math.fround(x)))).toBe(true);
    }
  });
});

describe('outputBounds', () => {
  it('are near the rounding of the dtype', () => {
    const relative: number[] = [];
    for (const { program, inputs } of fc.sample(arbitraryProgram(), { seed: 2, numRuns: 100 })) {
      const bounds = outputBounds(program, inputs, { dtype: 'float32', roundings: ROUNDINGS, rng: new Rng(1) });
      interpret(program, 'float64', inputs).forEach(({ data }, i) => {
        expect(bounds[i]).toHaveLength(sizeOf(shapeOf(program, program.outputs[i]!.value)));
        data.forEach((x, j) => relative.push(bounds[i]![j]! / Math.max(1, Math.abs(x))));
      });
    }
    relative.sort((a, b) => a - b);
    // Within a few hundred roundings for nine elements in ten.
    expect(relative[Math.floor(relative.length * 0.9)]).toBeLessThan(1000 * 2 ** -24);
  });
});
