import { kernelMatrix, linearize, planKernel, type KernelPlanOptions } from '@ntk/jacobian';
import { OptionError, Rng, cpuBackend, sizeOf } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { assemblyOf } from '../src/gram/kernel-cost.ts';
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

  it.each(Object.entries(networksOfAllForms()))('chooses the fastest way that fits: %s', (_name, other) => {
    const { assembly, candidates } = planKernel(other, { n: 200 });
    for (const { bytes: memory } of candidates) {
      const chosen = planKernel(other, { n: 200, memory });
      const fitting = chosen.candidates.filter(({ bytes }) => bytes <= memory);
      const same = fitting.filter((candidate) => candidate.assembly === chosen.assembly);
      expect(chosen.bytes).toBeLessThanOrEqual(memory);
      expect(chosen.seconds).toBe(Math.min(...same.map(({ seconds }) => seconds)));
      // What kernels are put together from changes only where nothing else fits.
      if (chosen.assembly !== assembly) expect(fitting.some((other) => other.assembly === assembly)).toBe(false);
    }
  });

  it('refuses what cannot fit, with sizes', () => {
    const least = Math.min(...plan({ n: 2000 }).candidates.map(({ bytes }) => bytes));
    expect(() => plan({ n: 2000, memory: least - 1 })).toThrow(OptionError);
    expect(() => plan({ n: 2000, memory: 2 ** 20 })).toThrow(/got a memory of 1 MiB for the kernel of 2000 × 2000/);
  });

  it('counts what linearizations keep, their factors, and the making of these, within what they are allowed', () => {
    const { heldBytes, bytes } = plan({ n: 2000 });
    expect(bytes).toBeGreaterThan(heldBytes + 4000 ** 2 * 8);
    // Batches become smaller with the memory of the linearization, and so does what their factors are made in.
    expect(plan({ n: 2000, memoryBytes: 2 ** 24 }).bytes).toBeLessThan(bytes);
    const [one, two] = [plan({ n: 100 }), plan({ n: 100, m: 100 })];
    expect(two.heldBytes).toBeCloseTo(2 * one.heldBytes, -1);
  });

  it('names the way that a kernel is computed in', async () => {
    for (const other of Object.values(networksOfAllForms())) {
      for (const n of [1, 6]) {
        const x = new Rng('x').normals(n * sizeOf(other.program.inputs[0]!.shape));
        using l = await linearize(other, x, { backend: cpuBackend() });
        expect(planKernel(other, { n, factorForm: 'cheapest' }).assembly).toBe(
          assemblyOf({ rows: l, columns: l, outputs: 'full' }),
        );
      }
    }
  });

  it('knows what products in float64 of factors in float32 take', () => {
    const [single, mixed, double] = [
      plan({ n: 2000 }),
      plan({ n: 2000, productDtype: 'float64' }),
      plan({ n: 2000, dtype: 'float64' }),
    ];
    const pairs = ({ layers }: typeof single): number => layers.reduce((sum, { seconds }) => sum + seconds, 0);
    // Factors stay in float32, their products take what they take in float64.
    expect(mixed.layers.map(({ bytes }) => bytes)).toEqual(single.layers.map(({ bytes }) => bytes));
    expect(mixed.heldBytes).toBe(single.heldBytes);
    expect(pairs(mixed)).toBeGreaterThan(1.5 * pairs(single));
    expect(pairs(mixed)).toBeLessThanOrEqual(pairs(double));
    expect(mixed.seconds).toBeGreaterThan(single.seconds);
    expect(mixed.bytes).toBeGreaterThan(single.bytes);
    expect(mixed.explain()).toMatch(/\(full\), float32 with products in float64\n/);
    expect(plan({ n: 2000, productDtype: 'float32' }).candidates).toEqual(single.candidates);
  });

  it('knows that tiles are made again for each batch of the other side', () => {
    const extra = (options: Partial<KernelPlanOptions>): number =>
      plan({ ...options, productDtype: 'float64' }).seconds - plan(options).seconds;
    const pairs = (options: Partial<KernelPlanOptions>): number =>
      plan({ ...options, productDtype: 'float64' }).layers.reduce((sum, { seconds }) => sum + seconds, 0) -
      plan(options).layers.reduce((sum, { seconds }) => sum + seconds, 0);
    const conversion = (options: Partial<KernelPlanOptions>): number => extra(options) - pairs(options);
    expect(conversion({ n: 2000 })).toBeGreaterThan(0);
    expect(conversion({ n: 40_000 }) / conversion({ n: 20_000 })).toBeGreaterThan(3);
    expect(conversion({ n: 20_000, m: 20_000 })).toBeGreaterThan(1.5 * conversion({ n: 20_000 }));
  });

  it.each(Object.entries(networksOfAllForms()))(
    'leaves what cannot be done in another dtype: %s',
    async (_name, other) => {
      const { assembly, candidates } = planKernel(other, { n: 3, productDtype: 'float64' });
      expect(assembly).toBe('factors');
      expect(candidates.every((candidate) => candidate.assembly === 'factors')).toBe(true);
      const x = new Rng('x').normals(3 * sizeOf(other.program.inputs[0]!.shape));
      using l = await linearize(other, x, { backend: cpuBackend(), dtype: 'float32' });
      await expect(kernelMatrix(l, l, { assembly, productDtype: 'float64' })).resolves.toBeDefined();
    },
  );

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
    const most = Math.max(...plan({ n: 2000 }).candidates.map(({ bytes }) => bytes));
    expect(text).toBe(plan({ memory: 2 ** 30 }).explain());
    expect(text.split('\n')[0]).toBe(
      'kernel of 200 × 200 examples with 2 outputs (full), float32, memory at most 1 GiB',
    );
    expect(text).toMatch(/dense_1\/kernel, dense_1\/bias +structured +\S+ ms +\S+ KiB/);
    expect(text).toMatch(/factors, each layer its cheaper form .*chosen: the fastest that fits/);
    expect(text).toMatch(/products with unit vectors/);
    expect(plan({ n: 2000, memory: most - 1 }).explain()).toMatch(/too large/);
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
