import { join } from 'node:path';
import { adapt } from '@ntk/adapt';
import { ortBackend } from '@ntk/backend-ort';
import { explicitJacobian, kernelDiagonal, kernelMatrix, linearize, ntkOperator } from '@ntk/jacobian';
import { readLayersModel } from '@ntk/models';
import { openReference } from '@ntk/reference';
import { cpuBackend, forward, type Backend, type Network, type TypedArray } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';

const reference = openReference('small_resnet');

async function outputs(network: Network, x: Float64Array, backend: Backend): Promise<TypedArray> {
  using f = await forward(network, x, { backend });
  return (await backend.read(f)).slice();
}

/** A backend that counts how often each Program is compiled. */
function counting(backend: Backend): { readonly backend: Backend; readonly compiled: Map<string, number> } {
  const compiled = new Map<string, number>();
  const compile: Backend['compile'] = (program, options) => {
    const key = JSON.stringify([program, options.dtype]);
    compiled.set(key, (compiled.get(key) ?? 0) + 1);
    return backend.compile(program, options);
  };
  // Tracked tensors name the wrapped backend as theirs.
  return { backend: trackTensors({ ...backend, compile }), compiled };
}

describe.skipIf(reference === undefined)('a residual network with BatchNorm', () => {
  const golden = (key: string): Float64Array => reference!.array(key).data;
  const open = (): Promise<Network> => readLayersModel(join(reference!.folder, 'model'));

  test.each<[string, () => Promise<Backend>]>([
    ['cpu', () => Promise.resolve(cpuBackend())],
    ['ort', () => ortBackend()],
  ])('weights, moving statistics and outputs are the same, bit by bit, after everything on %s', async (_, make) => {
    const [network, backend] = [await open(), await make()];
    const weights = network.values.map((values) => values.slice());
    const before = await outputs(network, golden('Xstar'), backend);
    using adapted = await adapt(network, { x: golden('X'), y: golden('Y') }, { backend });
    await adapted.predict(golden('Xstar'));
    expect(network.values).toEqual(weights);
    expect(await outputs(network, golden('Xstar'), backend)).toEqual(before);
  });

  test('variances are right for each of the outputs', async () => {
    const backend = await ortBackend();
    using l = await linearize(await open(), golden('Xstar'), { backend });
    const kernel = await kernelMatrix(l);
    const own = kernel.data.filter((_, i) => i % (kernel.rows + 1) === 0);
    const diagonal = await kernelDiagonal(l);
    expect(Math.min(...diagonal)).toBeGreaterThan(0);
    diagonal.forEach((value, i) => expect(Math.abs(value / own[i]! - 1)).toBeLessThan(1e-12));
    // Outputs are correlated: a kernel of independent ones would not be this one.
    expect(Math.max(...[1, 2, 3].map((output) => Math.abs(kernel.data[output]!)))).toBeGreaterThan(0.01 * own[0]!);
  });

  test('each Program is compiled once, however many batches there are', async () => {
    const network = await open();
    const programs: string[][] = [];
    for (const batches of [2, 6]) {
      const { backend, compiled } = counting(cpuBackend());
      using l = await linearize(network, golden('X'), { backend, batchSize: 12 / batches });
      using v = backend.upload(new Float64Array(l.p), [1, l.p]);
      for (let i = 0; i < 3; i++) (await l.jacobian.matmul(v)).dispose();
      using u = backend.upload(new Float64Array(48), [1, 48]);
      for (let i = 0; i < 3; i++) (await ntkOperator(l).matmul(u)).dispose();
      await explicitJacobian(l);
      await kernelDiagonal(l);
      await kernelMatrix(l);
      await kernelMatrix(l);
      expect([...compiled.values()].every((times) => times === 1)).toBe(true);
      programs.push([...compiled.keys()]);
    }
    expect(programs[1]!.length).toBe(programs[0]!.length);
  });
});
