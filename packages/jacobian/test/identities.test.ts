import {
  explicitJacobian,
  gaussianLikelihood,
  ggnOperator,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  ntkOperator,
  type Linearization,
} from '@ntk/jacobian';
import { gemm, transposeMatrix, type LinearOperator, type Matrix } from '@ntk/linop';
import { testLinearOperator } from '@ntk/linop/testing';
import { Rng, cpuBackend, exampleShape, forward, sizeOf, type Backend, type Network } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { jacobianByVjp } from './explicit.ts';
import { networksOfAllForms } from './networks.ts';

const N = 6;

const networks = networksOfAllForms();

test('products are made from factors in some of these networks and by propagation in others', async () => {
  const ways = new Set<boolean>();
  for (const network of Object.values(networks)) {
    using l = await linearize(network, new Float64Array(sizeOf(exampleShape(network))), { backend: cpuBackend() });
    ways.add(l.factors.serveProducts);
  }
  expect(ways.size).toBe(2);
});

describe.each(Object.entries(networks))('%s', (name, network) => {
  const rng = new Rng(name);
  const x = rng.normals(N * sizeOf(exampleShape(network)));
  const jacobian = jacobianByVjp(network, x);
  const kernel = gemm(jacobian, jacobian, { transposeB: true });
  const scale = Math.max(1, ...jacobian.data.map(Math.abs));
  // All examples at once; some at a time, with padding in the last batch.
  describe.each([N, 4])('batches of %i', (batchSize) => {
    const open = (backend: Backend): Promise<Linearization> => linearize(network, x, { backend, batchSize });
    const check = (
      title: string,
      make: (l: Linearization) => LinearOperator | Promise<LinearOperator>,
      expected: Matrix,
    ): void =>
      testLinearOperator(
        title,
        async (backend) => {
          const l = await open(backend);
          return { operator: await make(l), owned: [l] };
        },
        { expected, roundings: 100 * N * scale },
      );
    check('J', (l) => l.jacobian, jacobian);
    check('J Jᵀ', (l) => ntkOperator(l), kernel);
    if (batchSize < N) {
      const ggn = gemm(jacobian, jacobian, { transposeA: true });
      check('JᵀΛJ', (l) => ggnOperator(l, gaussianLikelihood(1)), ggn);
    }

    test('kernel, cross kernel, diagonal and explicit Jacobian', async () => {
      const backend = cpuBackend();
      using l = await open(backend);
      using other = await linearize(network, x.slice(0, x.length / 2), { backend });
      const close = (actual: ArrayLike<number>, expected: Float64Array, size: number): void =>
        expectAllclose(actual, expected, { atol: 1e-13 * size });
      const size = Math.max(1, ...kernel.data.map(Math.abs));
      const rows = l.n * l.c;
      const own = await kernelMatrix(l);
      close(own.data, kernel.data, size);
      expect(transposeMatrix(own).data).toEqual(own.data);
      close((await kernelMatrix(other, l)).data, kernel.data.slice(0, (rows / 2) * rows), size);
      close(
        await kernelDiagonal(l),
        kernel.data.filter((_, i) => i % (rows + 1) === 0),
        size,
      );
      close((await explicitJacobian(l)).data, jacobian.data, scale);
    });
  });

  test('J V is the central difference of the network', async () => {
    const p = jacobian.columns;
    const v = rng.normals(p);
    const [up, down] = await Promise.all([1e-5, -1e-5].map((step) => outputs(shift(network, v, step), x)));
    const difference = up!.map((value, i) => (value - down![i]!) / 2e-5);
    const product = gemm({ rows: 1, columns: p, data: v }, jacobian, { transposeB: true }).data;
    expectAllclose(product, difference, { atol: 1e-7 * Math.max(1, ...product.map(Math.abs)) });
  });
});

async function outputs(network: Network, x: Float64Array): Promise<Float64Array> {
  const backend = cpuBackend();
  using f = await forward(network, x, { backend });
  return Float64Array.from(await backend.read(f));
}

/** The network with parameters θ̂ + step · v. */
function shift(network: Network, v: Float64Array, step: number): Network {
  let start = 0;
  const values = network.values.map((value) => {
    const moved = Float64Array.from(value, (w, i) => w + step * v[start + i]!);
    start += value.length;
    return moved;
  });
  return { ...network, values };
}
