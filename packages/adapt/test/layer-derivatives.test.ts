import { ortBackend } from '@ntk/backend-ort';
import { explicitJacobian, kernelDiagonal, kernelMatrix, linearize, type Linearization } from '@ntk/jacobian';
import { gemm, type LinearOperator } from '@ntk/linop';
import { Rng, cpuBackend, exampleShape, forward, sizeOf, type Backend, type Network } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { layerNetworks } from './layer-networks.ts';

const N = 5;

const backends: Record<string, () => Promise<Backend>> = {
  cpu: () => Promise.resolve(cpuBackend()),
  ort: () => ortBackend(),
};

describe.each(Object.entries(layerNetworks()))('%s', (name, network) => {
  const rng = new Rng(name);
  const x = rng.normals(N * sizeOf(exampleShape(network)));

  test('J v is the central difference of the network', async () => {
    using l = await linearize(network, x, { backend: cpuBackend() });
    const v = rng.normals(l.p);
    const h = 1e-6;
    const [up, down] = await Promise.all([h, -h].map((step) => outputs(shift(network, v, step), x)));
    const difference = up!.map((value, i) => (value - down![i]!) / (2 * h));
    expect(relativeError(await apply(l.jacobian, v), difference)).toBeLessThan(1e-8);
  });

  test.each(Object.entries(backends))(
    'on %s: adjoint identity, kernels and diagonal of the explicit Jacobian',
    async (_, open) => {
      const backend = trackTensors(await open());
      {
        using l = await linearize(network, x, { backend, batchSize: 3 });
        using other = await linearize(network, x.slice(0, (2 * x.length) / N), { backend });
        const j = await explicitJacobian(l);
        await checkAdjoint(l, rng);
        const kernel = gemm(j, j, { transposeB: true });
        const rows = kernel.rows;
        expect(relativeError((await kernelMatrix(l)).data, kernel.data)).toBeLessThan(1e-12);
        const cross = kernel.data.slice(0, 2 * l.c * rows);
        expect(relativeError((await kernelMatrix(other, l)).data, cross)).toBeLessThan(1e-12);
        const diagonal = kernel.data.filter((_, i) => i % (rows + 1) === 0);
        expect(relativeError(await kernelDiagonal(l), diagonal)).toBeLessThan(1e-12);
      }
      expect(backend.describeLive()).toEqual([]);
    },
  );

  test('what ort makes of J is what the cpu backend makes of it', async () => {
    using here = await linearize(network, x, { backend: cpuBackend() });
    using there = await linearize(network, x, { backend: await ortBackend() });
    expect(relativeError((await explicitJacobian(there)).data, (await explicitJacobian(here)).data)).toBeLessThan(
      1e-12,
    );
  });
});

async function checkAdjoint(l: Linearization, rng: Rng): Promise<void> {
  const [rows, p] = l.jacobian.shape;
  const [u, v] = [rng.normals(3 * rows), rng.normals(3 * p)];
  const left = dot(u, await apply(l.jacobian, v));
  const right = dot(v, await apply(l.jacobian.transpose(), u));
  expect(Math.abs(left - right)).toBeLessThan(1e-12 * Math.sqrt(dot(u, u) * dot(v, v)));
}

async function apply(operator: LinearOperator, data: Float64Array): Promise<Float64Array> {
  using block = operator.backend.upload(data, [data.length / operator.shape[1], operator.shape[1]]);
  using product = await operator.matmul(block);
  return Float64Array.from(await operator.backend.read(product));
}

async function outputs(network: Network, x: Float64Array): Promise<Float64Array> {
  const backend = cpuBackend();
  using f = await forward(network, x, { backend });
  return Float64Array.from(await backend.read(f));
}

/** The network with its parameters at θ̂ + step · v; moving statistics are none of them. */
function shift(network: Network, v: Float64Array, step: number): Network {
  let start = 0;
  const values = network.values.map((value, i) => {
    if (!network.parameters[i]!.trainable) return value;
    const moved = Float64Array.from(value, (w, at) => w + step * v[start + at]!);
    start += value.length;
    return moved;
  });
  return { ...network, values };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
