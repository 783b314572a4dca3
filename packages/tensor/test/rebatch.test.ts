import { describe, expect, it } from 'vitest';
import { ProgramBuilder, rebatch, shapeOf, type Program } from '@ntk/tensor';

/** A convolution-like Program of n examples that writes no number of examples into an attribute. */
function patches(n: number): Program {
  const b = new ProgramBuilder('patches');
  const x = b.input('x', [n, 4, 3], { exampleAxis: 0 });
  const w = b.input('w', [6, 2]);
  const u = b.input('u', [5, n, 2], { exampleAxis: 1 });
  const padded = b.pad(x, 1, { before: 1 });
  const windows = b.concat([b.slice(padded, 1, { end: 4 }), b.slice(padded, 1, { start: 1 })], 2);
  const y = b.matmul(b.reshape(windows, [-1, 4, 6]), w);
  b.output('f', b.max(y, [1]));
  b.output('g', b.mul(u, b.max(y, [1])));
  return b.build();
}

describe('rebatch', () => {
  it('gives the Program that would have been built for that number of examples', () => {
    expect(rebatch(patches(1), 7)).toEqual(patches(7));
    expect(rebatch(patches(7), 1)).toEqual(patches(1));
  });

  it('changes the extent of the example axis of each input', () => {
    const program = rebatch(patches(1), 3);
    expect(program.inputs.map((input) => input.shape)).toEqual([
      [3, 4, 3],
      [6, 2],
      [5, 3, 2],
    ]);
    expect(program.outputs.map(({ value }) => shapeOf(program, value))).toEqual([
      [3, 2],
      [5, 3, 2],
    ]);
  });

  it('refuses a Program that holds its number of examples in an attribute', () => {
    const b = new ProgramBuilder('fixed');
    const x = b.input('x', [2, 6], { exampleAxis: 0 });
    b.output('y', b.reshape(x, [2, 3, 2]));
    expect(() => rebatch(b.build(), 3)).toThrow(/reshape/);
  });

  it('leaves a Program without examples as it is', () => {
    const b = new ProgramBuilder('shared');
    b.output('y', b.neg(b.input('w', [2])));
    expect(rebatch(b.build(), 9)).toEqual(b.build());
  });
});
