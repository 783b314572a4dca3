import { describe, expect, it } from 'vitest';
import { PROGRAM_VERSION, ProgramBuilder } from '@ntk/tensor';

function builder(...shapes: readonly (readonly number[])[]): ProgramBuilder {
  const b = new ProgramBuilder('test');
  shapes.forEach((shape, i) => b.input(`x${i}`, shape));
  return b;
}

describe('ProgramBuilder', () => {
  it('numbers inputs first, then nodes', () => {
    const b = builder([2, 3], [3]);
    const sum = b.add(0, 1);
    b.output('y', b.neg(sum));
    expect(b.build()).toEqual({
      version: PROGRAM_VERSION,
      name: 'test',
      inputs: [
        { name: 'x0', shape: [2, 3], exampleAxis: null },
        { name: 'x1', shape: [3], exampleAxis: null },
      ],
      nodes: [
        { op: 'add', inputs: [0, 1], attributes: {}, shape: [2, 3] },
        { op: 'neg', inputs: [2], attributes: {}, shape: [2, 3] },
      ],
      outputs: [{ name: 'y', value: 3 }],
    });
  });

  it('emits equal nodes once', () => {
    const b = builder([2, 3]);
    expect(b.add(0, b.scalar(2))).toBe(b.add(0, b.scalar(2)));
    expect(b.sum(0, [1])).toBe(b.sum(0, [1]));
    expect(b.sum(0, [1])).not.toBe(b.sum(0, [0]));
    expect(b.sum(0, [1])).not.toBe(b.max(0, [1]));
    expect(b.sub(0, b.neg(0))).not.toBe(b.sub(b.neg(0), 0));
  });

  it('reads an operand as it was before it was stretched to what the other gives anyway', () => {
    const b = builder([3], [2, 3], [2, 1]);
    const rows = b.broadcastTo(0, [2, 3]);
    expect(b.add(rows, 1)).toBe(b.add(0, 1));
    expect(b.sub(1, rows)).toBe(b.sub(1, 0));
    expect(b.mul(rows, b.broadcastTo(2, [2, 3]))).toBe(b.mul(0, 2));
    const stretched = b.mul(rows, 0);
    expect(b.shape(stretched)).toEqual([2, 3]);
    expect(b.shape(b.add(b.broadcastTo(0, [4, 2, 3]), 1))).toEqual([4, 2, 3]);
    expect(b.shape(b.add(rows, rows))).toEqual([2, 3]);
  });

  it('leaves out nodes that no output needs, and keeps all inputs', () => {
    const b = builder([2], [2]);
    b.unary('exp', 0);
    const kept = b.neg(0);
    b.unary('log', kept);
    b.output('y', kept);
    const { inputs, nodes, outputs } = b.build();
    expect(inputs).toHaveLength(2);
    expect(nodes.map((node) => node.op)).toEqual(['neg']);
    expect(outputs).toEqual([{ name: 'y', value: 2 }]);
  });

  it('goes on after build without touching what it built', () => {
    const b = builder([2]);
    b.output('y', b.neg(0));
    const first = b.build();
    const copy = structuredClone(first);
    b.output('z', b.unary('exp', b.neg(0)));
    expect(first).toEqual(copy);
    expect(b.build().outputs).toHaveLength(2);
  });

  it('keeps no reference to what the caller may change', () => {
    const shape = [2, 3];
    const axes = [1];
    const values = [1, 2];
    const b = new ProgramBuilder('test');
    const x = b.input('x', shape);
    b.output('y', b.add(b.sum(x, axes), b.constant(values, [2])));
    shape[0] = 7;
    axes[0] = 0;
    values[0] = 7;
    const program = b.build();
    expect(program.inputs[0]!.shape).toEqual([2, 3]);
    expect(program.nodes.map((node) => node.attributes)).toEqual([{ axes: [1] }, { shape: [2], values: [1, 2] }, {}]);
  });

  it('returns the operand where an operation would do nothing', () => {
    const b = builder([2, 3]);
    expect(b.sum(0, [])).toBe(0);
    expect(b.max(0, [])).toBe(0);
    expect(b.reshape(0, [2, 3])).toBe(0);
    expect(b.transpose(0, [0, 1])).toBe(0);
    expect(b.concat([0], 1)).toBe(0);
  });

  it('refuses a wrong signature', () => {
    const b = builder([2]);
    expect(() => b.input('x0', [3])).toThrow(/two inputs named 'x0'/);
    expect(() => b.input('y', [-1])).toThrow(/input 'y'/);
    expect(() => b.input('y', [2], { exampleAxis: 1 })).toThrow(/exampleAxis of input 'y'/);
    b.output('y', 0);
    expect(() => b.output('y', 0)).toThrow(/two outputs named 'y'/);
    expect(() => b.output('z', 1)).toThrow(/no value 1/);
    expect(() => b.output('z', -1)).toThrow(/no value -1/);
    b.neg(0);
    expect(() => b.input('late', [2])).toThrow(/after the first node/);
  });

  it('refuses a wrong number of operands', () => {
    const b = builder([2]);
    expect(() => b.emit('add', [0], {})).toThrow(/add: got 1 operands, expected 2/);
    expect(() => b.concat([], 0)).toThrow(/concat: got 0 operands, expected at least one/);
    expect(() => b.emit('neg', [4], {})).toThrow(/no value 4/);
  });
});

describe('constants', () => {
  it('are at most 1 KiB', () => {
    const b = builder();
    expect(b.shape(b.constant(new Array<number>(128).fill(1), [128]))).toEqual([128]);
    expect(() => b.constant(new Array<number>(129).fill(1), [129])).toThrow(/make it an input/);
  });

  it('fit their shape', () => {
    expect(() => builder().constant([1, 2], [3])).toThrow(/got 2 values for the shape \[3\]/);
    expect(() => builder().constant([1], [-1])).toThrow(/non-negative/);
  });

  // JSON.stringify writes NaN and both infinities as null: as keys they were one constant, and a stored Program lost them.
  it.each([NaN, Infinity, -Infinity])('refuse %s', (value) => {
    expect(() => builder().scalar(value)).toThrow(/expected finite numbers/);
  });

  it('take -0 for 0, as JSON does', () => {
    const b = builder();
    expect(b.scalar(-0)).toBe(b.scalar(0));
    b.output('y', b.scalar(-0));
    expect(b.build().nodes[0]!.attributes).toEqual({ shape: [], values: [0] });
  });
});
