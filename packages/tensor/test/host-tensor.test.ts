import { describe, expect, it } from 'vitest';
import { cpuBackend, hostData, HostTensor, ProgramBuilder, transfer } from '@ntk/tensor';

describe('HostTensor', () => {
  it('keeps data by reference and copies the shape', () => {
    const backend = cpuBackend();
    const data = Float64Array.of(1, 2);
    const shape = [2];
    const tensor = new HostTensor(backend, data, shape);
    shape[0] = 5;
    expect(tensor.data).toBe(data);
    expect(tensor.shape).toEqual([2]);
    expect(tensor.dtype).toBe('float64');
  });

  it('may be disposed twice and not read afterwards', () => {
    const backend = cpuBackend();
    const tensor = backend.upload(new Float32Array(2), [2]);
    tensor.dispose();
    tensor[Symbol.dispose]();
    expect(() => hostData(tensor, backend)).toThrow(expect.objectContaining({ name: 'OwnershipError' }) as Error);
  });

  it('refuses data that do not fit', () => {
    const backend = cpuBackend();
    expect(() => backend.upload(new Float32Array(3), [2])).toThrow(/cpu.upload: got 3 elements, expected 2/);
    expect(() => backend.upload(new Float32Array(2), [-1, -2])).toThrow(/non-negative/);
    expect(() => backend.upload([1] as unknown as Float32Array, [1])).toThrow(/Float32Array or a Float64Array/);
  });

  it('belongs to the backend that made it', () => {
    const tensor = cpuBackend().upload(new Float32Array(1), [1]);
    expect(() => hostData(tensor, cpuBackend())).toThrow(/use transfer/);
  });

  it('is disposed at the end of a using block', () => {
    const backend = cpuBackend();
    let kept;
    {
      using tensor = backend.upload(new Float32Array(1), [1]);
      kept = tensor;
    }
    expect(() => hostData(kept, backend)).toThrow(/disposed/);
  });
});

describe('the cpu backend', () => {
  it('gives an output that is an input memory of its own', async () => {
    const backend = cpuBackend();
    const b = new ProgramBuilder('identity');
    b.output('y', b.input('x', [2]));
    using executable = await backend.compile(b.build(), { dtype: 'float64' });
    const data = Float64Array.of(1, 2);
    const x = backend.upload(data, [2]);
    const [y] = await backend.run(executable, [x]);
    x.dispose();
    data.fill(9);
    expect(await backend.read(y!)).toEqual(Float64Array.of(1, 2));
  });
});

describe('transfer', () => {
  it('copies to another backend', async () => {
    const [from, to] = [cpuBackend(), cpuBackend()];
    const data = Float64Array.of(1, 2, 3);
    const source = from.upload(data, [3, 1]);
    const copy = await transfer(source, to);
    source.dispose();
    data.fill(9);
    expect(copy.backend).toBe(to);
    expect(copy.shape).toEqual([3, 1]);
    expect(await to.read(copy)).toEqual(Float64Array.of(1, 2, 3));
  });

  it('rounds and widens', async () => {
    const backend = cpuBackend();
    using source = backend.upload(Float64Array.of(0.1), [1]);
    using single = await transfer(source, backend, { dtype: 'float32' });
    using double = await transfer(single, backend, { dtype: 'float64' });
    expect(await backend.read(single)).toEqual(Float32Array.of(0.1));
    expect(await backend.read(double)).toEqual(Float64Array.of(Math.fround(0.1)));
  });

  it('rejects a disposed tensor', async () => {
    const backend = cpuBackend();
    const tensor = backend.upload(new Float32Array(1), [1]);
    tensor.dispose();
    await expect(transfer(tensor, backend)).rejects.toThrow(
      expect.objectContaining({ name: 'OwnershipError' }) as Error,
    );
  });
});
