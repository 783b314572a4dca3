import { describe, expect, it } from 'vitest';
import {
  cpuBackend,
  exampleCount,
  exampleShape,
  forward,
  makeNetwork,
  outputCount,
  ProgramBuilder,
  useSites,
  type Network,
  type Shape,
} from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';

/** f(x) = x w + b with w = [[1, 2, 3], [4, 5, 6]] and b = [10, 20, 30]. */
function dense(change: Partial<Network> = {}): Network {
  const b = new ProgramBuilder('dense');
  const x = b.input('x', [1, 2], { exampleAxis: 0 });
  const w = b.input('w', [2, 3]);
  const bias = b.input('b', [3]);
  b.output('f', b.add(b.matmul(x, w), bias));
  return {
    program: b.build(),
    parameters: [
      { name: 'dense/kernel', layer: 'dense', shape: [2, 3], trainable: true },
      { name: 'dense/bias', layer: 'dense', shape: [3], trainable: true },
    ],
    values: [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(10, 20, 30)],
    meta: { name: 'dense', source: 'test', notes: [] },
    ...change,
  };
}

/** A network without parameters whose output is made by a function. */
function bare(make: (b: ProgramBuilder, x: number) => number, shape: Shape = [1, 2]): Network {
  const b = new ProgramBuilder('bare');
  b.output('f', make(b, b.input('x', shape, { exampleAxis: 0 })));
  return { program: b.build(), parameters: [], values: [], meta: { name: 'bare', source: 'test', notes: [] } };
}

describe('makeNetwork', () => {
  it('returns parts that fit', () => {
    const parts = dense();
    expect(makeNetwork(parts)).toBe(parts);
    expect(outputCount(parts)).toBe(3);
    expect(exampleShape(parts)).toEqual([2]);
  });

  it.each<[string, Network, RegExp]>([
    ['a missing value', dense({ values: [new Float32Array(6)] }), /2 weight inputs, 2 parameters and 1 values/],
    ['a missing parameter', dense({ parameters: [] }), /0 parameters/],
    ['values of another length', dense({ values: [new Float32Array(5), new Float32Array(3)] }), /got 5 values/],
    [
      'a parameter of another shape',
      dense({ parameters: [{ ...dense().parameters[0]!, shape: [3, 2] }, dense().parameters[1]!] }),
      /parameter 'dense\/kernel'.*expected \[3, 2\]/,
    ],
    [
      'two parameters of one name',
      dense({ parameters: dense().parameters.map((parameter) => ({ ...parameter, name: 'same' })) }),
      /unique names/,
    ],
    ['an output that is not [n, c]', bare((b, x) => b.sum(x, [1])), /got an output of shape \[1\]/],
    ['examples along the columns', bare((b, x) => b.transpose(x, [1, 0])), /examples along axis 0/],
    ['mixed examples', bare((b, x) => b.reshape(b.sum(x, [0]), [1, 2])), /would mix them/],
    ['an output that all examples share', bare((b) => b.constant([1, 2], [1, 2])), /examples along axis 0/],
  ])('refuses %s', (_name, parts, message) => {
    expect(() => makeNetwork(parts)).toThrow(message);
  });

  it('refuses a first input without examples, and several outputs', () => {
    const b = new ProgramBuilder('none');
    const x = b.input('x', [1, 2]);
    b.output('f', x);
    const none = { ...bare((_, value) => value), program: b.build() };
    expect(() => makeNetwork(none)).toThrow(/first input with examples along axis 0/);
    const two = new ProgramBuilder('two');
    const value = two.input('x', [1, 2], { exampleAxis: 0 });
    two.output('f', value);
    two.output('g', value);
    expect(() => makeNetwork({ ...none, program: two.build() })).toThrow(/got 2 outputs/);
  });
});

describe('forward', () => {
  it('computes the outputs for any number of examples, and leaks nothing', async () => {
    const backend = trackTensors(cpuBackend());
    const f = await forward(dense(), Float64Array.of(1, 0, 0, 1, 1, 1), { backend });
    expect(f.shape).toEqual([3, 3]);
    expect(f.dtype).toBe('float64');
    expect([...(await backend.read(f))]).toEqual([11, 22, 33, 14, 25, 36, 15, 27, 39]);
    f.dispose();
    expect(backend.describeLive()).toEqual([]);
    expect(backend.liveExecutables).toBe(0);
  });

  it('computes in the dtype of the examples unless told otherwise', async () => {
    const backend = cpuBackend();
    using single = await forward(dense(), Float32Array.of(1, 0), { backend });
    using double = await forward(dense(), Float32Array.of(1, 0), { backend, dtype: 'float64' });
    expect([single.dtype, double.dtype]).toEqual(['float32', 'float64']);
  });

  it('rejects numbers that are not whole examples, and leaks nothing', async () => {
    const backend = trackTensors(cpuBackend());
    const refused = expect.objectContaining({ name: 'ShapeError' }) as Error;
    await expect(forward(dense(), new Float64Array(3), { backend })).rejects.toThrow(refused);
    await expect(forward(dense(), new Float64Array(0), { backend })).rejects.toThrow(/positive multiple of 2/);
    expect(backend.describeLive()).toEqual([]);
  });

  it('counts examples', () => {
    expect(exampleCount(dense(), 8)).toBe(4);
    expect(() => exampleCount(dense(), 7)).toThrow(/got 7 numbers/);
  });
});

describe('useSites', () => {
  it('finds every place where a parameter is read', () => {
    const b = new ProgramBuilder('tied');
    const x = b.input('x', [1, 2], { exampleAxis: 0 });
    const w = b.input('w', [2, 2]);
    b.input('unused', [2]);
    const once = b.matmul(x, w);
    b.output('f', b.matmul(once, b.mul(w, w)));
    const program = b.build();
    expect(useSites(program, 0)).toEqual([
      { value: 3, operand: 1 },
      { value: 4, operand: 0 },
      { value: 4, operand: 1 },
    ]);
    expect(useSites(program, 1)).toEqual([]);
  });
});
