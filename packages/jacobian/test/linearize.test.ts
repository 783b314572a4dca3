import {
  explicitJacobian,
  kernelMatrix,
  linearize,
  ntkOperator,
  selectParameters,
  trainableLayers,
} from '@ntk/jacobian';
import { gemm } from '@ntk/linop';
import { Rng, cpuBackend, type Backend, type Network, type Program } from '@ntk/tensor';
import { expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { jacobianByVjp } from './explicit.ts';
import { customNetwork, randomDense } from './networks.ts';

const rng = new Rng('linearize');
const network = randomDense([3, 5, 4, 2], rng); // layers dense_0, dense_1, dense_2 with a kernel and a bias each
const x = rng.normals(3 * 7);
const backend = cpuBackend();

describe('layers', () => {
  test.each([
    ['all', [0, 1, 2, 3, 4, 5]],
    ['last', [4, 5]],
    [{ top: 2 }, [2, 3, 4, 5]],
    [{ names: ['dense_2', 'dense_0'] }, [0, 1, 4, 5]],
    [{ pattern: 'dense_*' }, [0, 1, 2, 3, 4, 5]],
    [{ pattern: '*_1' }, [2, 3]],
    [{ pattern: 'd?nse_2' }, [4, 5]],
  ] as const)('%o', async (layers, chosen) => {
    expect(selectParameters(network, layers)).toEqual(chosen);
    using l = await linearize(network, x, { backend, layers, batchSize: 4 });
    expect(l.parameters).toEqual(chosen.map((i) => network.parameters[i]));
    const expected = jacobianByVjp(network, x, chosen);
    expect(l.jacobian.shape).toEqual([14, expected.columns]);
    expectAllclose((await explicitJacobian(l)).data, expected.data, { atol: 1e-14 });
    const kernel = gemm(expected, expected, { transposeB: true });
    expectAllclose((await kernelMatrix(l)).data, kernel.data, { atol: 1e-13 });
  });

  test('what is not trainable is never chosen', async () => {
    const frozen = freeze(network, 'dense_2/kernel', 'dense_0/kernel', 'dense_0/bias');
    expect(trainableLayers(frozen)).toEqual(['dense_1', 'dense_2']);
    expect(selectParameters(frozen, 'last')).toEqual([5]);
    using l = await linearize(frozen, x, { backend });
    expect(l.parameters.map(({ name }) => name)).toEqual(['dense_1/kernel', 'dense_1/bias', 'dense_2/bias']);
    expectAllclose((await explicitJacobian(l)).data, jacobianByVjp(frozen, x, [2, 3, 5]).data, { atol: 1e-14 });
  });

  test('nothing below the lowest chosen layer is differentiated', async () => {
    using l = await linearize(network, x, { backend, layers: 'last' });
    const { nodes, sources, primal } = l.maps.derivation;
    expect(nodes.map(({ op }) => op)).toEqual(['matmul', 'add']);
    // All that is stored is the input of the last layer.
    expect(sources).toEqual([{ output: 1 }]);
    expect(primal.outputs.map(({ name }) => name)).toEqual(['f', 'residual0']);
  });

  test.each([
    [{ top: 0 }, 'top 0'],
    [{ top: 4 }, 'top 4'],
    [{ top: 1.5 }, 'top 1.5'],
    [{ names: ['dense_1', 'dense_7'] }, 'dense_7'],
    [{ names: [] }, 'dense_0, dense_1, dense_2'],
    [{ pattern: 'conv*' }, "the pattern 'conv*'"],
    [{ pattern: 'dense.1' }, 'dense_0, dense_1, dense_2'],
    [{ pattern: 'ense_1' }, 'which no layer fits'],
  ])('%o is refused', async (layers, part) => {
    expect(() => selectParameters(network, layers)).toThrow(part);
    await expect(linearize(network, x, { backend, layers })).rejects.toMatchObject({ name: 'OptionError' });
  });

  test('of many layers, the names nearest to an unknown one are shown', () => {
    const deep = randomDense([2, ...new Array<number>(20).fill(2)], rng);
    expect(() => selectParameters(deep, { names: ['dense_16x'] })).toThrow(/some of: dense_16, .* \(20 in all\)$/);
    expect(() => selectParameters(deep, { pattern: 'dens_7*' })).toThrow(/some of: dense_7, /);
  });

  test('a network without trainable parameters is refused', async () => {
    const names = network.parameters.map(({ name }) => name);
    await expect(linearize(freeze(network, ...names), x, { backend })).rejects.toMatchObject({ name: 'OptionError' });
  });
});

describe('options', () => {
  test.each([0, -1, 2.5, NaN])('a batch size of %d is refused', async (batchSize) => {
    await expect(linearize(network, x, { backend, batchSize })).rejects.toMatchObject({
      name: 'OptionError',
      message: expect.stringMatching(
        /batchSize .*, expected a positive integer; leave it out to have it chosen/,
      ) as string,
    });
  });

  test.each([0, 4])('%i numbers are no whole examples', async (length) => {
    const inputs = new Float64Array(length);
    await expect(linearize(network, inputs, { backend })).rejects.toMatchObject({ name: 'ShapeError' });
  });

  test('the dtype is float64 unless the backend has none', async () => {
    const single: Backend = { ...backend, supports: { ...backend.supports, float64: false } };
    using double = await linearize(network, x, { backend });
    using half = await linearize(network, Float32Array.from(x), { backend: single });
    expect([double.dtype, double.outputs.dtype, half.dtype, half.outputs.dtype]).toEqual([
      'float64',
      'float64',
      'float32',
      'float32',
    ]);
    const refused = linearize(network, x, { backend: single, dtype: 'float64' });
    await expect(refused).rejects.toMatchObject({ name: 'UnsupportedError' });
  });

  test('operators refuse the wrong dtype', async () => {
    using l = await linearize(network, x, { backend });
    using v = backend.upload(new Float32Array(l.p), [1, l.p]);
    await expect(l.jacobian.matmul(v)).rejects.toMatchObject({ name: 'DTypeError' });
    using u = backend.upload(new Float32Array(14), [1, 14]);
    await expect(ntkOperator(l).matmul(u)).rejects.toMatchObject({ name: 'DTypeError' });
  });

  test('a kernel is between linearizations of the same network, layers and dtype', async () => {
    using l = await linearize(network, x, { backend });
    const others = [
      linearize(randomDense([3, 5, 4, 2], rng), x, { backend }),
      linearize(network, x, { backend, layers: 'last' }),
      linearize(network, x, { backend, dtype: 'float32' }),
      linearize(network, x, { backend: cpuBackend() }),
    ];
    for (const made of others) {
      using other = await made;
      await expect(kernelMatrix(l, other)).rejects.toMatchObject({ name: 'ShapeError' });
    }
  });
});

describe('batches', () => {
  const compiled = async (work: (backend: Backend) => Promise<void>): Promise<string[]> => {
    const names: string[] = [];
    const counting: Backend = {
      ...backend,
      compile: (program: Program, options) => {
        names.push(program.name);
        return backend.compile(program, options);
      },
    };
    await work(trackTensors(counting));
    return names.sort();
  };

  test('each Program is compiled once for all batches, and not before it is used', async () => {
    const names = await compiled(async (counting) => {
      using l = await linearize(network, x, { backend: counting, batchSize: 2 });
      using v = counting.upload(new Float64Array(l.p), [1, l.p]);
      for (let i = 0; i < 3; i++) (await l.jacobian.matmul(v)).dispose();
      await kernelMatrix(l);
      await kernelMatrix(l);
    });
    expect(names).toEqual([
      'dense.primal',
      'factored-tangent.k1',
      'factors',
      'kernel-diagonal-tile',
      'kernel-tile',
      'kernel-tiles',
    ]);
    expect(await compiled(async (counting) => (await linearize(network, x, { backend: counting })).dispose())).toEqual([
      'dense.primal',
    ]);
  });

  test('products with the kernel are one Program where one batch holds all examples', async () => {
    const u = rng.normals(3 * 14);
    const products: Float64Array[] = [];
    const names = await compiled(async (counting) => {
      for (const batchSize of [7, 3]) {
        using l = await linearize(network, x, { backend: counting, batchSize });
        using upload = counting.upload(u, [3, 14]);
        using product = await ntkOperator(l).matmul(upload);
        products.push(Float64Array.from(await counting.read(product)));
      }
    });
    expectAllclose(products[0]!, products[1]!, { atol: 1e-12 });
    expect(names.filter((name) => name.startsWith('factored'))).toEqual([
      'factored-cotangent.k3',
      'factored-kernel.k3',
      'factored-tangent.k3',
    ]);
  });

  test('the outputs are those of the real examples, in order', async () => {
    using whole = await linearize(network, x, { backend });
    using split = await linearize(network, x, { backend, batchSize: 3 });
    expect(split.batches.map(({ count }) => count)).toEqual([3, 3, 1]);
    expect(split.outputs.shape).toEqual([7, 2]);
    expect(await backend.read(split.outputs)).toEqual(await backend.read(whole.outputs));
  });

  test('kernels of many positions are made for a few examples at a time', async () => {
    // c·T·columns pairs for each example are more than a tile may hold at once.
    const many = customNetwork(
      [40, 1],
      { w: [1, 800], v: [800, 1] },
      (b, input, { w, v }) => b.sum(b.matmul(b.unary('tanh', b.matmul(input, w!)), v!), [1]),
      rng,
    );
    const inputs = rng.normals(60 * 40);
    using l = await linearize(many, inputs, { backend });
    const j = await explicitJacobian(l);
    const expected = gemm(j, j, { transposeB: true });
    const size = Math.max(...expected.data.map(Math.abs));
    expectAllclose((await kernelMatrix(l)).data, expected.data, { atol: 1e-12 * size });
  });
});

test('the caller may write its inputs again', async () => {
  const tracked = trackTensors(backend);
  const inputs = x.slice();
  using l = await linearize(network, inputs, { backend: tracked, batchSize: 4 });
  inputs.fill(0);
  const expected = jacobianByVjp(network, x);
  expectAllclose((await explicitJacobian(l)).data, expected.data, { atol: 1e-14 });
});

function freeze(trained: Network, ...names: readonly string[]): Network {
  const parameters = trained.parameters.map((parameter) =>
    names.includes(parameter.name) ? { ...parameter, trainable: false } : parameter,
  );
  return { ...trained, parameters };
}
