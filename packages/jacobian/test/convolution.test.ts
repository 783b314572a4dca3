import { Rng, cpuBackend, exampleShape, forward, sizeOf, type Network } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { explicitJacobian, kernelDiagonal, kernelMatrix, linearize } from '@ntk/jacobian';
import { describe, expect, test } from 'vitest';
import { customNetwork } from './networks.ts';

const backend = cpuBackend();
const rng = new Rng(5);

const SAME = { pads: [1, 1, 1, 1] };

const networks: Record<string, Network> = {
  'convolutions with biases, pooled': customNetwork(
    [6, 5, 2],
    { w: [3, 3, 2, 4], bias: [4], v: [2, 2, 4, 3], d: [6, 3] },
    (b, x, { w, bias, v, d }) => {
      const h = b.unary('relu', b.add(b.conv2d(x, w!, SAME), bias!));
      const pooled = b.max(b.reshape(b.slice(h, 2, { end: 4 }), [-1, 3, 2, 2, 2, 4]), [2, 4]);
      return b.matmul(b.reshape(b.unary('tanh', b.conv2d(pooled, v!)), [-1, 6]), d!);
    },
    rng,
  ),
  'a convolution whose positions are few: pairs of them': customNetwork(
    [3, 2, 4],
    { w: [2, 2, 4, 5], d: [10, 2] },
    (b, x, { w, d }) => b.matmul(b.reshape(b.unary('tanh', b.conv2d(x, w!)), [-1, 10]), d!),
    rng,
  ),
  'stride, dilation and padding on one side': customNetwork(
    [7, 6, 1],
    { w: [3, 2, 1, 3], v: [2, 2, 3, 2] },
    (b, x, { w, v }) => {
      const h = b.unary('tanh', b.conv2d(x, w!, { strides: [2, 1], pads: [0, 1, 1, 0], dilations: [1, 2] }));
      return b.sum(b.conv2d(h, v!, { strides: [1, 2] }), [1, 2]);
    },
    rng,
  ),
  groups: customNetwork(
    [4, 4, 4],
    { w: [3, 3, 2, 6], d: [6, 2] },
    (b, x, { w, d }) => b.matmul(b.sum(b.unary('tanh', b.conv2d(x, w!, { groups: 2, ...SAME })), [1, 2]), d!),
    rng,
  ),
  'a depthwise filter that is reshaped first': customNetwork(
    [4, 4, 3],
    { w: [2, 2, 3, 2], bias: [6], d: [6, 2] },
    (b, x, { w, bias, d }) => {
      const filter = b.reshape(w!, [2, 2, 1, 6]);
      return b.matmul(b.sum(b.unary('tanh', b.add(b.conv2d(x, filter, { groups: 3 }), bias!)), [1, 2]), d!);
    },
    rng,
  ),
  'one filter at two resolutions': customNetwork(
    [6, 6, 2],
    { w: [3, 3, 2, 2] },
    (b, x, { w }) => {
      const h = b.unary('tanh', b.conv2d(x, w!, { strides: [2, 2], ...SAME }));
      return b.sum(b.conv2d(h, w!, SAME), [1, 2]);
    },
    rng,
  ),
  'a transposed convolution': customNetwork(
    [3, 2, 2],
    { w: [3, 3, 4, 2], v: [2, 2, 4, 2] },
    (b, x, { w, v }) => {
      const h = b.unary('tanh', b.conv2dTranspose(x, w!, { strides: [2, 2], pads: [0, 1, 1, 1], size: [6, 4] }));
      return b.sum(b.conv2d(h, v!), [1, 2]);
    },
    rng,
  ),
  'a transposed convolution in groups': customNetwork(
    [3, 3, 4],
    { w: [2, 2, 1, 4], d: [2, 2] },
    (b, x, { w, d }) =>
      b.matmul(b.sum(b.unary('tanh', b.conv2dTranspose(x, w!, { groups: 2, size: [4, 4] })), [1, 2]), d!),
    rng,
  ),
  'overlapping windows, averaged': customNetwork(
    [5, 5, 2],
    { w: [1, 1, 2, 3], d: [27, 2] },
    (b, x, { w, d }) => {
      const h = b.unary('tanh', b.conv2d(x, w!));
      const windows = b.patches(h, { kernel: [3, 3], strides: [2, 2], ...SAME });
      return b.matmul(b.reshape(b.sum(b.reshape(windows, [-1, 3, 3, 9, 3]), [3]), [-1, 27]), d!);
    },
    rng,
  ),
};

describe.each(Object.entries(networks))('%s', (_name, network) => {
  const n = 5;
  const x = rng.normals(n * sizeOf(exampleShape(network)));

  test('⟨U, JV⟩ = ⟨JᵀU, V⟩ to rounding, for k right-hand sides and any batches', async () => {
    for (const batchSize of [5, 3]) {
      using l = await linearize(network, x, { backend, batchSize });
      const [rows, p] = l.jacobian.shape;
      const [u, v] = [rng.normals(3 * rows), rng.normals(3 * p)];
      using uBlock = backend.upload(u, [3, rows]);
      using vBlock = backend.upload(v, [3, p]);
      using jv = await l.jacobian.matmul(vBlock);
      using jtu = await l.jacobian.transpose().matmul(uBlock);
      const left = dot(u, await backend.read(jv));
      const right = dot(v, await backend.read(jtu));
      expect(Math.abs(left - right)).toBeLessThan(1e-12 * Math.sqrt(dot(u, u) * dot(v, v)));
    }
  });

  test('J V is the central difference of the network', async () => {
    using l = await linearize(network, x, { backend });
    const v = rng.normals(l.p);
    const h = 1e-5;
    const [up, down] = await Promise.all([h, -h].map(async (step) => outputs(shift(network, v, step), x)));
    const difference = up!.map((value, i) => (value - down![i]!) / (2 * h));
    using vBlock = backend.upload(v, [1, l.p]);
    using jv = await l.jacobian.matmul(vBlock);
    expect(relativeError(await backend.read(jv), difference)).toBeLessThan(1e-8);
  });

  test('kernel, cross kernel and diagonal agree with the explicit Jacobian', async () => {
    using l = await linearize(network, x, { backend, batchSize: 3 });
    using other = await linearize(network, x.slice(0, 2 * sizeOf(exampleShape(network))), { backend });
    const { data } = await explicitJacobian(l);
    const rows = l.n * l.c;
    const row = (i: number): Float64Array => data.subarray(i * l.p, (i + 1) * l.p);
    const theta = Float64Array.from({ length: rows * rows }, (_, at) =>
      dot(row(Math.floor(at / rows)), row(at % rows)),
    );
    expect(relativeError((await kernelMatrix(l)).data, theta)).toBeLessThan(1e-13);
    expect(relativeError((await kernelMatrix(other, l)).data, theta.slice(0, 2 * l.c * rows))).toBeLessThan(1e-13);
    const diagonal = theta.filter((_, i) => i % (rows + 1) === 0);
    expect(relativeError(await kernelDiagonal(l), diagonal)).toBeLessThan(1e-13);
  });
});

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
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
