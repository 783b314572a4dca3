import { cpuBackend, ProgramBuilder, type Backend, type Program, type TypedArray } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { loadOrt, ortBackend, type OrtModule } from '@ntk/backend-ort';
import { expectAllclose } from '@ntk/tensor/testing';

/** x + constant, and x times it. */
function affine(constant: number, name = 'affine'): Program {
  const b = new ProgramBuilder(name);
  const x = b.input('x', [2, 2]);
  b.output('sum', b.add(x, b.scalar(constant)));
  b.output('product', b.mul(x, b.scalar(constant)));
  return b.build();
}

const data = Float64Array.of(1, 2, 3, 4);

async function evaluate(backend: Backend, program: Program, inputs: readonly TypedArray[]): Promise<TypedArray[]> {
  using executable = await backend.compile(program, { dtype: 'float64' });
  const tensors = inputs.map((array, i) => backend.upload(array, program.inputs[i]!.shape));
  const outputs = await backend.run(executable, tensors);
  return Promise.all(outputs.map((tensor) => backend.read(tensor)));
}

describe('the cache', () => {
  it('shares a compiled Program between equal Programs, whatever their names', async () => {
    const backend = await ortBackend();
    const executables = await Promise.all(
      [affine(2), affine(2), affine(2, 'other name')].map((p) => backend.compile(p, { dtype: 'float64' })),
    );
    expect(backend.compiled).toEqual({ alive: 1, held: 1 });
    executables.forEach((executable) => executable.dispose());
    expect(backend.compiled).toEqual({ alive: 1, held: 0 });
    await backend.clearCache();
    expect(backend.compiled).toEqual({ alive: 0, held: 0 });
  });

  it('keeps dtypes and contents apart', async () => {
    const backend = await ortBackend();
    const constants = [1, 2, 1 + 2 ** -52, 0];
    for (const constant of constants) {
      const [sum, product] = await evaluate(backend, affine(constant), [data]);
      expect(sum).toEqual(data.map((x) => x + constant));
      expect(product).toEqual(data.map((x) => x * constant));
    }
    (await backend.compile(affine(1), { dtype: 'float32' })).dispose();
    expect(backend.compiled.alive).toBe(constants.length + 1);
  });

  it('keeps the most recently released, up to its capacity', async () => {
    const backend = await ortBackend({ cachedPrograms: 2 });
    for (const constant of [1, 2, 1, 3]) await evaluate(backend, affine(constant), [data]);
    expect(backend.compiled).toEqual({ alive: 2, held: 0 });
    using held = await backend.compile(affine(1), { dtype: 'float64' });
    await evaluate(backend, affine(4), [data]);
    await evaluate(backend, affine(5), [data]);
    expect(backend.compiled).toEqual({ alive: 3, held: 1 });
    expect(held.program.name).toBe('affine');
  });

  it('keeps no more than its bytes', async () => {
    // Two outputs of four float64 numbers, and the constant: 72 bytes each.
    const backend = await ortBackend({ cachedBytes: 150 });
    for (const constant of [1, 2, 3, 4]) await evaluate(backend, affine(constant), [data]);
    expect(backend.compiled).toEqual({ alive: 2, held: 0 });
  });

  it('does not keep a failure', async () => {
    const ort = await loadOrt();
    let attempts = 0;
    const create: OrtModule['InferenceSession']['create'] = async (model, options) => {
      if (attempts++ === 0) throw new Error('out of memory');
      return ort.InferenceSession.create(model, options);
    };
    const backend = await ortBackend({ ort: { Tensor: ort.Tensor, InferenceSession: { create } } });
    const compile = () => backend.compile(affine(1), { dtype: 'float64' });
    await expect(compile()).rejects.toThrow('affine (float64): out of memory');
    expect(backend.compiled).toEqual({ alive: 0, held: 0 });
    (await compile()).dispose();
    expect(backend.compiled).toEqual({ alive: 1, held: 0 });
  });

  it('counts disposing twice as once', async () => {
    const backend = await ortBackend({ cachedPrograms: 0 });
    const [first, second] = await Promise.all([1, 1].map((c) => backend.compile(affine(c), { dtype: 'float64' })));
    first!.dispose();
    first!.dispose();
    expect(backend.compiled).toEqual({ alive: 1, held: 1 });
    const outputs = await backend.run(second!, [backend.upload(data, [2, 2])]);
    expect(outputs).toHaveLength(2);
    second!.dispose();
    expect(backend.compiled).toEqual({ alive: 0, held: 0 });
  });
});

describe('run', () => {
  it('refuses a disposed executable, and lets a run under way finish', async () => {
    const backend = await ortBackend({ cachedPrograms: 0 });
    const executable = await backend.compile(affine(1), { dtype: 'float64' });
    const x = backend.upload(data, [2, 2]);
    const running = backend.run(executable, [x]);
    executable.dispose();
    expect(await backend.read((await running)[0]!)).toEqual(data.map((value) => value + 1));
    expect(backend.compiled.alive).toBe(0);
    await expect(backend.run(executable, [x])).rejects.toThrow('disposed');
  });

  it('runs several at once', async () => {
    const backend = await ortBackend();
    using executable = await backend.compile(affine(1), { dtype: 'float64' });
    const inputs = [1, 2, 3].map((scale) =>
      backend.upload(
        data.map((x) => x * scale),
        [2, 2],
      ),
    );
    const results = await Promise.all(inputs.map((x) => backend.run(executable, [x])));
    const sums = await Promise.all(results.map(([sum]) => backend.read(sum!)));
    expect(sums).toEqual([1, 2, 3].map((scale) => data.map((x) => x * scale + 1)));
  });

  it('checks inputs and owners', async () => {
    const [backend, other, cpu] = [await ortBackend(), await ortBackend(), cpuBackend()];
    using executable = await backend.compile(affine(1), { dtype: 'float64' });
    using foreign = await other.compile(affine(1), { dtype: 'float64' });
    const x = backend.upload(data, [2, 2]);
    await expect(backend.run(executable, [])).rejects.toThrow('0 inputs');
    await expect(backend.run(executable, [backend.upload(data, [4])])).rejects.toThrow('[4]');
    await expect(backend.run(executable, [backend.upload(Float32Array.from(data), [2, 2])])).rejects.toThrow('float32');
    await expect(backend.run(executable, [cpu.upload(data, [2, 2])])).rejects.toThrow('transfer');
    await expect(backend.run(foreign, [x])).rejects.toThrow('ort');
    x.dispose();
    await expect(backend.run(executable, [x])).rejects.toThrow('disposed');
  });

  it('neither copies nor writes its inputs', async () => {
    const backend = await ortBackend();
    const array = Float64Array.from(data);
    const tensor = backend.upload(array, [2, 2]);
    expect(await backend.read(tensor)).toBe(array);
    await evaluate(backend, affine(3), [array]);
    expect(array).toEqual(data);
  });

  it.each([1, 2])('gives the same with %i threads', async (threads) => {
    const backend = await ortBackend({ threads });
    const b = new ProgramBuilder('product');
    const x = b.input('x', [200, 100]);
    b.output('gram', b.matmul(x, x, { transposeB: true }));
    b.output('sum', b.sum(b.unary('tanh', x), [0]));
    const values = Float64Array.from({ length: 20000 }, (_, i) => Math.sin(i));
    const [gram, sum] = await evaluate(backend, b.build(), [values]);
    const [gramExpected, sumExpected] = await evaluate(cpuBackend(), b.build(), [values]);
    expect(Math.max(...gram!.map((value, i) => Math.abs(value - gramExpected![i]!)))).toBeLessThan(1e-12);
    expect(Math.max(...sum!.map((value, i) => Math.abs(value - sumExpected![i]!)))).toBeLessThan(1e-12);
  });
});

it('computes what the reference does with thousands of nodes, which ONNX Runtime does not optimise', async () => {
  const b = new ProgramBuilder('steps');
  const x = b.input('x', [2, 3], { exampleAxis: 0 });
  let h = x;
  for (let step = 0; step < 1300; step++) h = b.unary('tanh', b.add(h, b.mul(x, b.scalar(1 / (step + 2)))));
  b.output('h', h);
  const six = Float64Array.from({ length: 6 }, (_, i) => i - 2.5);
  const [want] = await evaluate(cpuBackend(), b.build(), [six]);
  const [got] = await evaluate(await ortBackend(), b.build(), [six]);
  expectAllclose(got!, want!, { atol: 1e-13 });
});
