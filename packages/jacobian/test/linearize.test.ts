import { openReference } from '@ntk/reference';
import { Rng, asDType, cpuBackend, exampleShape, forward, sizeOf, type Network } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import {
  explicitJacobian,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  ntkOperator,
  type Linearization,
} from '@ntk/jacobian';
import { describe, expect, test } from 'vitest';
import { customNetwork, randomDense, referenceNetwork } from './networks.ts';

const backend = cpuBackend();

async function apply(l: Linearization, operator: 'J' | 'Jᵀ', x: Float64Array): Promise<Float64Array> {
  const op = operator === 'J' ? l.jacobian : l.jacobian.transpose();
  using input = backend.upload(asDType(x, l.dtype), [x.length / op.shape[1], op.shape[1]]);
  using output = await op.matmul(input);
  return Float64Array.from(await backend.read(output));
}

for (const model of ['sine_mlp', 'mlp2']) {
  const reference = openReference(model);
  describe.skipIf(reference === undefined)(`golden values of ${model}`, () => {
    const golden = (key: string): Float64Array => reference!.array(key).data;
    const network = referenceNetwork(reference!);
    for (const batchSize of [undefined, 7]) {
      describe(`batches of ${batchSize ?? 'all'}`, () => {
        const options = { backend, ...(batchSize === undefined ? {} : { batchSize }) };
        const open = (key: string, layers: 'all' | 'last' | { top: number } = 'all'): Promise<Linearization> =>
          linearize(network, golden(key), { ...options, layers });

        test('outputs and products', async () => {
          using l = await open('X');
          expect(relativeError(await backend.read(l.outputs), golden('f'))).toBeLessThan(1e-13);
          expect(relativeError(await apply(l, 'J', golden('v')), golden('Jv'))).toBeLessThan(1e-12);
          expect(relativeError(await apply(l, 'Jᵀ', golden('u')), golden('JTu'))).toBeLessThan(1e-12);
          expect(
            relativeError(await apply(l, 'Jᵀ', await apply(l, 'J', golden('v'))), golden('ggn_gaussian')),
          ).toBeLessThan(1e-12);
          expect(relativeError((await explicitJacobian(l)).data, golden('J'))).toBeLessThan(1e-12);
        });

        test('kernels of all layers, the last, and the top two', async () => {
          for (const [layers, key] of [
            ['all', 'ntk'],
            ['last', 'ntk_last'],
            [{ top: 2 }, 'ntk_top2'],
          ] as const) {
            using train = await open('X', layers);
            using star = await open('Xstar', layers);
            expect(relativeError((await kernelMatrix(train)).data, golden(key))).toBeLessThan(1e-12);
            expect(relativeError((await kernelMatrix(star, train)).data, golden(`${key}_cross`))).toBeLessThan(1e-12);
            expect(relativeError((await kernelMatrix(star)).data, golden(`${key}_star`))).toBeLessThan(1e-12);
          }
        });

        test('diagonals', async () => {
          using l = await open('X');
          expect(relativeError(await kernelDiagonal(l), golden('ntk_diag'))).toBeLessThan(1e-12);
        });
      });
    }
  });
}

describe('identities', () => {
  const rng = new Rng(7);
  const networks: Record<string, Network> = {
    dense: randomDense([3, 5, 4, 2], rng),
    'one kernel used twice': customNetwork(
      [4],
      { w: [4, 4], b: [4], v: [4, 3] },
      (b, x, { w, b: bias, v }) => {
        const h = b.unary('tanh', b.add(b.matmul(x, w!), bias!));
        return b.matmul(b.unary('sigmoid', b.add(b.matmul(h, w!), bias!)), v!);
      },
      rng,
    ),
    'one kernel for many positions': customNetwork(
      [5, 3],
      { w: [3, 4], b: [4], v: [20, 2] },
      (b, x, { w, b: bias, v }) => {
        const h = b.unary('relu', b.add(b.matmul(x, w!), bias!));
        return b.matmul(b.reshape(h, [-1, 20]), v!);
      },
      rng,
    ),
    'a wide kernel at two positions': customNetwork(
      [2, 8],
      { w: [8, 9], v: [18, 1] },
      (b, x, { w, v }) => {
        return b.matmul(b.reshape(b.unary('tanh', b.matmul(x, w!)), [-1, 18]), v!);
      },
      rng,
    ),
    'tied weights, once transposed': customNetwork(
      [3],
      { w: [3, 5] },
      (b, x, { w }) => {
        return b.matmul(b.unary('tanh', b.matmul(x, w!)), w!, { transposeB: true });
      },
      rng,
    ),
    'scale, shift, quotient and a second bias': customNetwork(
      [4],
      { s: [4], t: [4], w: [4, 2], d: [2], e: [1] },
      (b, x, { s, t, w, d, e }) => {
        const h = b.add(b.add(b.mul(x, s!), t!), t!);
        return b.add(b.div(b.matmul(h, w!), b.unary('exp', d!)), e!);
      },
      rng,
    ),
    'a parameter that is transformed before its use': customNetwork(
      [3],
      { w: [2, 3], v: [2, 2] },
      (b, x, { w, v }) => {
        return b.matmul(b.unary('tanh', b.matmul(x, b.transpose(w!, [1, 0]))), b.unary('exp', v!));
      },
      rng,
    ),
  };

  for (const [name, network] of Object.entries(networks)) {
    describe(name, () => {
      const n = 6;
      const x = rng.normals(n * sizeOf(exampleShape(network)));

      test('⟨U, JV⟩ = ⟨JᵀU, V⟩ to rounding, for k right-hand sides and any batches', async () => {
        for (const batchSize of [6, 4]) {
          using l = await linearize(network, x, { backend, batchSize });
          const [rows, p] = l.jacobian.shape;
          const u = rng.normals(3 * rows);
          const v = rng.normals(3 * p);
          const left = dot(u, await apply(l, 'J', v));
          const right = dot(await apply(l, 'Jᵀ', u), v);
          expect(Math.abs(left - right)).toBeLessThan(1e-13 * Math.sqrt(dot(u, u) * dot(v, v)) * 10);
        }
      });

      test('J V is the central difference of the network', async () => {
        using l = await linearize(network, x, { backend });
        const v = rng.normals(l.p);
        const h = 1e-5;
        const [up, down] = await Promise.all([h, -h].map(async (step) => outputs(shift(network, v, step), x)));
        const difference = up!.map((value, i) => (value - down![i]!) / (2 * h));
        expect(relativeError(await apply(l, 'J', v), difference)).toBeLessThan(1e-8);
      });

      test('kernel, cross kernel, diagonal and operator agree with the explicit Jacobian', async () => {
        using l = await linearize(network, x, { backend, batchSize: 4 });
        using other = await linearize(network, x.slice(0, 3 * sizeOf(exampleShape(network))), { backend });
        const j = await explicitJacobian(l);
        const theta = outer(j.data, j.data, l.p);
        const rows = l.n * l.c;
        expect(relativeError((await kernelMatrix(l)).data, theta)).toBeLessThan(1e-13);
        expect(relativeError((await kernelMatrix(other, l)).data, theta.slice(0, 3 * l.c * rows))).toBeLessThan(1e-13);
        expect(
          relativeError(
            await kernelDiagonal(l),
            theta.filter((_, i) => i % (rows + 1) === 0),
          ),
        ).toBeLessThan(1e-13);
        using identity = backend.upload(
          Float64Array.from({ length: rows * rows }, (_, i) => (i % (rows + 1) === 0 ? 1 : 0)),
          [rows, rows],
        );
        using product = await ntkOperator(l).matmul(identity);
        expect(relativeError(await backend.read(product), theta)).toBeLessThan(1e-13);
      });
    });
  }
});

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

function outer(a: Float64Array, b: Float64Array, p: number): Float64Array {
  const [rows, columns] = [a.length / p, b.length / p];
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return dot(a.subarray(i * p, (i + 1) * p), b.subarray(j * p, (j + 1) * p));
  });
}

async function outputs(network: Network, x: Float64Array): Promise<Float64Array> {
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
