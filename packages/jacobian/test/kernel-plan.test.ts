import { linearize, planKernel, type KernelPlanOptions } from '@ntk/jacobian';
import { OptionError, Rng, cpuBackend, sizeOf } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { customNetwork, networksOfAllForms, randomDense } from './networks.ts';

const network = randomDense([2, 50, 50, 2], new Rng('plan'));
const plan = (options: Partial<KernelPlanOptions> = {}) => planKernel(network, { n: 200, ...options });

describe('planKernel', () => {
  it('names every layer once, with the strategy that its use allows', () => {
    const { layers, assembly } = plan();
    expect(assembly).toBe('factors');
    expect(layers.map(({ strategy }) => strategy)).toEqual(['structured', 'structured', 'structured']);
    expect(layers.flatMap(({ parameters }) => parameters)).toEqual(network.parameters.map(({ name }) => name));
    for (const { layers: some } of Object.values(networksOfAllForms()).map((other) => planKernel(other, { n: 5 }))) {
      expect(some.every(({ parameters, bytes }) => parameters.length > 0 && bytes > 0)).toBe(true);
    }
    const table = customNetwork(
      [3],
      { table: [10, 4] },
      (b, x, { table: words }) => b.sum(b.unary('tanh', b.gather(words!, x, 0)), [1]),
      new Rng(1),
    );
    expect(planKernel(table, { n: 5 }).layers[0]!.strategy).toMatch(/index equality|layer Jacobian/);
    expect(plan({ layers: 'last' }).layers.map(({ parameters }) => parameters)).toEqual([
      ['dense_2/kernel', 'dense_2/bias'],
    ]);
  });

  it('grows with the square of the examples, and shrinks with what is left of the outputs', () => {
    const pairs = (n: number): number => plan({ n }).layers.reduce((sum, { seconds }) => sum + seconds, 0);
    expect(pairs(40000) / pairs(20000)).toBeCloseTo(4, 1);
    expect(plan({ n: 4000 }).bytes).toBeGreaterThan(8000 ** 2 * 8);
    const [full, independent, shared] = (['full', 'independent', 'shared'] as const).map((outputs) =>
      plan({ n: 4000, outputs }),
    );
    expect(full!.seconds).toBeGreaterThan(independent!.seconds);
    expect(independent!.seconds).toBeGreaterThan(shared!.seconds);
    expect(full!.bytes).toBeGreaterThan(independent!.bytes);
    expect(independent!.bytes).toBeGreaterThan(shared!.bytes);
    // A cross kernel has twice the pairs of a symmetric one.
    expect(plan({ n: 4000, m: 4000 }).seconds).toBeGreaterThan(plan({ n: 4000 }).seconds);
  });

  it.each(Object.entries(networksOfAllForms()))('knows the bytes of the factors: %s', async (_name, other) => {
    const n = 5;
    const x = new Rng('x').normals(n * sizeOf(other.program.inputs[0]!.shape));
    for (const { factorForm, assembly, layers } of planKernel(other, { n, dtype: 'float64' }).candidates) {
      if (assembly === 'products') continue;
      using l = await linearize(other, x, { backend: cpuBackend(), batchSize: n, factorForm });
      const numbers = (await l.factors.ofBatch(0))
        .flatMap(({ activations, indices, sensitivities }) => [activations, indices, sensitivities])
        .reduce((sum, tensor) => sum + (tensor === null ? 0 : sizeOf(tensor.shape)), 0);
      expect(layers.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(8 * numbers);
    }
  });

  it('chooses the fastest way that fits, and refuses what cannot, with sizes', () => {
    const free = plan({ n: 2000 });
    const least = Math.min(...free.candidates.map(({ bytes }) => bytes));
    expect(free.seconds).toBe(Math.min(...free.candidates.map(({ seconds }) => seconds)));
    const tight = plan({ n: 2000, memory: least });
    expect(tight.bytes).toBe(least);
    expect(tight.seconds).toBeGreaterThan(free.seconds);
    expect(tight.assembly).toBe('products');
    expect(() => plan({ n: 2000, memory: least - 1 })).toThrow(OptionError);
    expect(() => plan({ n: 2000, memory: 2 ** 20 })).toThrow(/got a memory of 1 MiB for the kernel of 2000 × 2000/);
  });

  it('accepts the memory that it asked for', () => {
    const units = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
    for (let n = 500; n <= 10_000; n += 500) {
      const least = Math.min(...plan({ n }).candidates.map(({ bytes }) => bytes));
      const refused = caught(() => plan({ n, memory: least - 1 }));
      const [, number, unit] = /expected at least (\S+) ([KMG]iB)/.exec(refused.message)!;
      const asked = Math.floor(Number(number) * units[unit as keyof typeof units]);
      expect(plan({ n, memory: asked }).bytes).toBeLessThanOrEqual(asked);
    }
  });

  it('prints itself, the same every time', () => {
    const text = plan({ memory: 2 ** 30 }).explain();
    expect(text).toBe(plan({ memory: 2 ** 30 }).explain());
    expect(text.split('\n')[0]).toBe(
      'kernel of 200 × 200 examples with 2 outputs (full), float32, memory at most 1 GiB',
    );
    expect(text).toMatch(/dense_1\/kernel, dense_1\/bias +structured +\S+ ms +\S+ KiB/);
    expect(text).toMatch(/factors, each layer its cheaper form .*chosen: the fastest that fits/);
    expect(text).toMatch(/products with unit vectors/);
    expect(plan({ n: 2000, memory: plan({ n: 2000 }).bytes - 1 }).explain()).toMatch(/too large/);
    const single = planKernel(randomDense([2, 5, 1], new Rng('single')), { n: 7 }).explain();
    expect(single).toMatch(/^kernel of 7 × 7 examples with 1 output \(full\), float32\n/);
    expect(single).toMatch(/chosen: the fastest$/m);
  });
});

function caught(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an error');
}
