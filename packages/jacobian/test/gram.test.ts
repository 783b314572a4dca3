import {
  explicitJacobian,
  independentKernels,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  sharedKernel,
  type Assembly,
  type FactorForm,
  type Linearization,
} from '@ntk/jacobian';
import { eigh, gemm, matrix, mirrorLower, type Matrix } from '@ntk/linop';
import {
  OptionError,
  Rng,
  UnsupportedError,
  cpuBackend,
  sizeOf,
  type Backend,
  type DType,
  type Network,
} from '@ntk/tensor';
import { expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it, test } from 'vitest';
import { jacobianByVjp } from './explicit.ts';
import { networksOfAllForms } from './networks.ts';

const backend = cpuBackend();
const [N, M] = [7, 4];

const inputsOf = (network: Network, n: number, seed: string): Float64Array =>
  new Rng(seed).normals(n * sizeOf(network.program.inputs[0]!.shape));

/** The kernels of independent outputs as they are defined. */
const blocksOf = (kernel: Matrix, c: number): Matrix[] => {
  const [m, n] = [kernel.rows / c, kernel.columns / c];
  return Array.from({ length: c }, (_, a) =>
    matrix(
      m,
      n,
      Float64Array.from({ length: m * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        return kernel.data[(i * c + a) * kernel.columns + j * c + a]!;
      }),
    ),
  );
};

const FORMS: readonly FactorForm[] = ['cheapest', 'positions', 'jacobian'];
const WAYS: readonly (readonly [FactorForm, Assembly])[] = [
  ...FORMS.map((form) => [form, 'factors'] as const),
  ['cheapest', 'products'],
];

describe.each(Object.entries(networksOfAllForms()))('%s', (_name, network) => {
  const [x, y] = [inputsOf(network, N, 'x'), inputsOf(network, M, 'y')];
  const [jx, jy] = [jacobianByVjp(network, x), jacobianByVjp(network, y)];
  const full = gemm(jx, jx, { transposeB: true });
  const cross = gemm(jy, jx, { transposeB: true });
  const scale = Math.max(...full.data.map(Math.abs));

  const both = async (form: FactorForm, use: (lx: Linearization, ly: Linearization) => Promise<void>) => {
    using lx = await linearize(network, x, { backend, batchSize: 4, factorForm: form });
    using ly = await linearize(network, y, { backend, batchSize: 3, factorForm: form });
    await use(lx, ly);
  };

  test.each(WAYS)('form %s by %s: every layout of the outputs, and cross kernels', (form, assembly) =>
    both(form, async (lx, ly) => {
      const { c } = lx;
      const options = { assembly };
      const tolerance = { atol: 1e-12 * scale };
      expectAllclose((await kernelMatrix(lx, lx, options)).data, full.data, tolerance);
      expectAllclose((await kernelMatrix(ly, lx, options)).data, cross.data, tolerance);
      for (const [rows, kernel] of [
        [lx, full],
        [ly, cross],
      ] as const) {
        const blocks = blocksOf(kernel, c);
        const own = await independentKernels(rows, lx, options);
        expect(own).toHaveLength(c);
        own.forEach((block, a) => expectAllclose(block.data, blocks[a]!.data, tolerance));
        const shared = await sharedKernel(rows, lx, options);
        const mean = shared.data.map((_, i) => blocks.reduce((sum, { data }) => sum + data[i]! / c, 0));
        expectAllclose(shared.data, mean, tolerance);
      }
    }),
  );

  test.each(FORMS)('form %s: the diagonal of every output, and J itself', (form) =>
    both(form, async (lx) => {
      const diagonal = Float64Array.from({ length: full.rows }, (_, i) => full.data[i * (full.rows + 1)]!);
      expectAllclose(await kernelDiagonal(lx), diagonal, { atol: 1e-12 * scale });
      expectAllclose((await explicitJacobian(lx)).data, jx.data, { atol: 1e-12 * Math.sqrt(scale) });
    }),
  );
});

describe('kernels', () => {
  const network = networksOfAllForms()['one kernel for many positions']!;
  const x = inputsOf(network, N, 'x');

  it.each(WAYS)('form %s by %s: symmetric to the last bit, and nothing is left over', async (form, assembly) => {
    const tracked = trackTensors(cpuBackend());
    {
      using l = await linearize(network, x, { backend: tracked, dtype: 'float32', batchSize: 3, factorForm: form });
      const kernels = [
        await kernelMatrix(l, l, { assembly }),
        await sharedKernel(l, l, { assembly }),
        ...(await independentKernels(l, l, { assembly })),
      ];
      for (const { rows, data } of kernels) {
        for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) expect(data[i * rows + j]).toBe(data[j * rows + i]);
      }
    }
    expect(tracked.describeLive()).toEqual([]);
  });

  it.each(WAYS)('form %s by %s: the lower triangle alone', async (form, assembly) => {
    using l = await linearize(network, x, { backend, batchSize: 3, factorForm: form });
    const whole = await kernelMatrix(l, l, { assembly });
    const lower = await kernelMatrix(l, l, { assembly, triangle: 'lower' });
    mirrorLower(lower);
    expect(lower.data).toEqual(whole.data);
    using other = await linearize(network, x, { backend, batchSize: 3, factorForm: form });
    await expect(kernelMatrix(l, other, { assembly, triangle: 'lower' })).rejects.toThrow(OptionError);
  });

  it('tiles that are cut on the diagonal, the last one hardly filled', async () => {
    const many = inputsOf(network, 150, 'many');
    using l = await linearize(network, many, { backend, batchSize: 130 });
    expect(l.maps.tileSize).toBeGreaterThanOrEqual(64);
    const j = await explicitJacobian(l);
    const expected = gemm(j, j, { transposeB: true });
    const atol = 1e-12 * Math.max(...expected.data.map(Math.abs));
    expectAllclose((await kernelMatrix(l)).data, expected.data, { atol });
    const blocks = blocksOf(expected, l.c);
    (await independentKernels(l)).forEach((block, a) => expectAllclose(block.data, blocks[a]!.data, { atol }));
  });

  it.each(FORMS)('form %s: products in float64 of factors in float32 are the kernel of that J', async (form) => {
    const tracked = trackTensors(cpuBackend());
    {
      const options = { backend: tracked, dtype: 'float32', batchSize: 3, factorForm: form } as const;
      using l = await linearize(network, x, options);
      const j = await explicitJacobian(l);
      const expected = gemm(j, j, { transposeB: true });
      const largest = Math.max(...expected.data.map(Math.abs));
      const distance = (kernel: Matrix): number =>
        Math.max(...kernel.data.map((entry, i) => Math.abs(entry - expected.data[i]!))) / largest;
      // J itself was rounded to float32 once more where its entries are products of factors.
      const kernel = await kernelMatrix(l, l, { productDtype: 'float64' });
      expect(distance(kernel)).toBeLessThan(2 ** -23);
      const diagonal = Float64Array.from({ length: kernel.rows }, (_, i) => kernel.data[i * (kernel.rows + 1)]!);
      expectAllclose(await kernelDiagonal(l, { productDtype: 'float64' }), diagonal, { rtol: 1e-14 });
      await expect(kernelMatrix(l, l, { productDtype: 'float64', assembly: 'products' })).rejects.toThrow(OptionError);
    }
    expect(tracked.describeLive()).toEqual([]);
  });

  it('products in a dtype that the backend lacks are refused', async () => {
    const single = { ...cpuBackend(), supports: { ...cpuBackend().supports, float64: false } };
    using l = await linearize(network, x, { backend: single });
    await expect(kernelMatrix(l, l, { productDtype: 'float64' })).rejects.toThrow(UnsupportedError);
    await expect(kernelDiagonal(l, { productDtype: 'float64' })).rejects.toThrow(UnsupportedError);
  });

  it('what was computed is released where reading it fails', async () => {
    const tracked = trackTensors(cpuBackend());
    {
      const failing: Backend = { ...tracked };
      using l = await linearize(network, inputsOf(network, 80, 'many'), { backend: failing, batchSize: 80 });
      Object.assign(failing, { read: () => Promise.reject(new Error('unreadable')) });
      await expect(kernelMatrix(l, l, { assembly: 'factors' })).rejects.toThrow('unreadable');
    }
    expect(tracked.describeLive()).toEqual([]);
  });

  it('products in float64 of factors in float32 are positive semidefinite to the rounding of float64', async () => {
    using l = await linearize(network, inputsOf(network, 40, 'many'), { backend, dtype: 'float32' });
    const least = async (productDtype: DType): Promise<number> => {
      const { values } = eigh(await kernelMatrix(l, l, { productDtype }));
      return Math.min(...values) / Math.max(...values);
    };
    // More rows than parameters: the least eigenvalue is 0 but for rounding.
    expect(l.n * l.c).toBeGreaterThan(l.p);
    expect(await least('float64')).toBeGreaterThan(-1e-14);
    expect(await least('float32')).toBeLessThan(-1e-9);
  });

  it.each(WAYS)('form %s by %s: overwrite a matrix that is given', async (form, assembly) => {
    using l = await linearize(network, x, { backend, factorForm: form });
    const size = N * l.c;
    const into = matrix(size, size, new Float64Array(size * size).fill(NaN));
    expect(await kernelMatrix(l, l, { assembly, into })).toBe(into);
    expect(into.data).toEqual((await kernelMatrix(l, l, { assembly })).data);
    const shared = matrix(N, N, new Float64Array(N * N).fill(7));
    expect((await sharedKernel(l, l, { assembly, into: shared })).data).toEqual(
      (await sharedKernel(l, l, { assembly })).data,
    );
    await expect(kernelMatrix(l, l, { assembly, into: shared })).rejects.toMatchObject({ name: 'ShapeError' });
  });

  it('of linearizations that do not belong together are refused, whatever they are made from', async () => {
    using l = await linearize(network, x, { backend });
    using other = await linearize(network, x, { backend, layers: 'last' });
    for (const assembly of ['factors', 'products'] as const) {
      for (const kernel of [kernelMatrix, independentKernels, sharedKernel]) {
        await expect(kernel(l, other, { assembly })).rejects.toMatchObject({ name: 'ShapeError' });
      }
    }
  });
});
