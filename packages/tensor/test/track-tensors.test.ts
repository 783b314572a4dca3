import { describe, expect, it } from 'vitest';
import { cpuBackend, ProgramBuilder, type Program } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';

function double(): Program {
  const b = new ProgramBuilder('double');
  const x = b.input('x', [2]);
  b.output('y', b.add(x, x));
  return b.build();
}

describe('trackTensors', () => {
  it('runs as the backend that it wraps', async () => {
    const backend = trackTensors(cpuBackend());
    using executable = await backend.compile(double(), { dtype: 'float64' });
    using x = backend.upload(Float64Array.of(1, 2), [2]);
    const [y] = await backend.run(executable, [x]);
    expect(await backend.read(y!)).toEqual(Float64Array.of(2, 4));
    expect(y!.backend).toBe(backend);
    expect(backend.name).toBe('cpu');
  });

  it('counts what is alive and says what it is', async () => {
    const backend = trackTensors(cpuBackend());
    const executable = await backend.compile(double(), { dtype: 'float64' });
    const x = backend.upload(Float64Array.of(1, 2), [2]);
    const [y] = await backend.run(executable, [x]);
    expect([backend.liveTensors, backend.liveExecutables]).toEqual([2, 1]);
    expect(backend.describeLive()).toEqual(['upload [2]', 'output y of double [2]']);
    x.dispose();
    x.dispose();
    expect(backend.describeLive()).toEqual(['output y of double [2]']);
    y!.dispose();
    executable.dispose();
    expect([backend.liveTensors, backend.liveExecutables]).toEqual([0, 0]);
  });

  it('keeps the rules of ownership', async () => {
    const backend = trackTensors(cpuBackend());
    using executable = await backend.compile(double(), { dtype: 'float64' });
    const owned = expect.objectContaining({ name: 'OwnershipError' }) as Error;
    const foreign = cpuBackend().upload(Float64Array.of(1, 2), [2]);
    await expect(backend.run(executable, [foreign])).rejects.toThrow(owned);
    await expect(backend.read(foreign)).rejects.toThrow(owned);
    const disposed = backend.upload(Float64Array.of(1, 2), [2]);
    disposed.dispose();
    await expect(backend.run(executable, [disposed])).rejects.toThrow(owned);
    await expect(backend.read(disposed)).rejects.toThrow(owned);
  });
});
