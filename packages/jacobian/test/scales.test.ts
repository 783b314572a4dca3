import {
  explicitJacobian,
  independentKernels,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  ntkOperator,
  sharedKernel,
} from '@ntk/jacobian';
import { gemm } from '@ntk/linop';
import { testLinearOperator } from '@ntk/linop/testing';
import { Rng, cpuBackend, exampleShape, sizeOf } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { jacobianByVjp } from './explicit.ts';
import { networksOfAllForms, randomDense } from './networks.ts';

const N = 6;
const backend = cpuBackend();

describe.each(Object.entries(networksOfAllForms()))('%s', (name, network) => {
  const rng = new Rng(name);
  const x = rng.normals(N * sizeOf(exampleShape(network)));
  const layers = [...new Set(network.parameters.map(({ layer }) => layer))];
  const scales = Object.fromEntries(layers.map((layer, i) => [layer, 0.5 + 0.75 * i]));
  const jacobian = jacobianByVjp(network, x);
  const factors = network.parameters.flatMap(({ layer, shape }) =>
    new Array<number>(sizeOf(shape)).fill(scales[layer]!),
  );
  const expected = {
    ...jacobian,
    data: jacobian.data.map((value, i) => value * factors[i % jacobian.columns]!),
  };
  const kernel = gemm(expected, expected, { transposeB: true });
  const size = Math.max(1, ...expected.data.map(Math.abs));
  const roundings = 100 * N * size;

  testLinearOperator(
    'J S^{1/2}',
    async (on) => {
      const l = await linearize(network, x, {
        backend: on,
        scales,
        batchSize: 4,
      });
      return { operator: l.jacobian, owned: [l] };
    },
    { expected, roundings },
  );
  testLinearOperator(
    'J S Jᵀ',
    async (on) => {
      const l = await linearize(network, x, { backend: on, scales });
      return { operator: ntkOperator(l), owned: [l] };
    },
    { expected: kernel, roundings },
  );

  test.each(['cheapest', 'positions', 'jacobian'] as const)('kernels, form %s', async (factorForm) => {
    using l = await linearize(network, x, {
      backend,
      scales,
      factorForm,
      batchSize: 4,
    });
    const atol = 1e-13 * Math.max(1, ...kernel.data.map(Math.abs));
    expectAllclose((await kernelMatrix(l)).data, kernel.data, { atol });
    expectAllclose((await kernelMatrix(l, l, { assembly: 'products' })).data, kernel.data, { atol });
    const diagonal = kernel.data.filter((_, i) => i % (kernel.rows + 1) === 0);
    expectAllclose(await kernelDiagonal(l), diagonal, { atol });
    expectAllclose((await explicitJacobian(l)).data, expected.data, {
      atol: 1e-13 * size,
    });
  });
});

test('kernels between other inputs, and of the outputs apart, are of scaled layers too', async () => {
  const rng = new Rng('cross');
  const network = randomDense([2, 5, 3], rng);
  const [x, y] = [rng.normals(2 * 4), rng.normals(2 * 3)];
  const scales = { dense_0: 3, dense_1: 0.5 };
  using lx = await linearize(network, x, { backend, scales });
  using ly = await linearize(network, y, { backend, scales });
  const [jx, jy] = [await explicitJacobian(lx), await explicitJacobian(ly)];
  const cross = gemm(jy, jx, { transposeB: true });
  expectAllclose((await kernelMatrix(ly, lx)).data, cross.data, { atol: 1e-12 });
  const blocks = [0, 1, 2].map((a) =>
    Float64Array.from({ length: 12 }, (_, i) => cross.data[(3 * Math.floor(i / 4) + a) * 12 + 3 * (i % 4) + a]!),
  );
  (await independentKernels(ly, lx)).forEach(({ data }, a) => expectAllclose(data, blocks[a]!, { atol: 1e-12 }));
  const mean = blocks[0]!.map((value, i) => (value + blocks[1]![i]! + blocks[2]![i]!) / 3);
  expectAllclose((await sharedKernel(ly, lx)).data, mean, { atol: 1e-12 });
});

test.each([{ dense_7: 2 }, { dense_0: 0 }, { dense_0: -1 }, { dense_0: NaN }, { dense_0: Infinity }])(
  '%o is refused',
  async (scales) => {
    const network = randomDense([2, 3, 1], new Rng('refused'));
    const made = linearize(network, new Float64Array(2), { backend, scales });
    await expect(made).rejects.toMatchObject({ name: 'OptionError' });
  },
);
