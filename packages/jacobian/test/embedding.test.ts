import { Rng, cpuBackend, forward, sizeOf, type Network } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { explicitJacobian, kernelDiagonal, kernelMatrix, linearize } from '@ntk/jacobian';
import { describe, expect, test } from 'vitest';
import { customNetwork } from './networks.ts';

const backend = cpuBackend();
const rng = new Rng(11);

/** Networks of three words an example out of ten, unless named otherwise. */
const networks: Record<string, Network> = {
  'one word an example': customNetwork(
    [1],
    { table: [10, 4], w: [4, 2] },
    (b, x, { table, w }) => b.matmul(b.unary('tanh', b.gather(table!, b.reshape(x, [-1]), 0)), w!),
    rng,
  ),
  'pairs of positions': customNetwork(
    [3],
    { table: [10, 4], w: [12, 2], bias: [2] },
    (b, x, { table, w, bias }) => {
      const h = b.unary('tanh', b.gather(table!, x, 0));
      return b.add(b.matmul(b.reshape(h, [-1, 12]), w!), bias!);
    },
    rng,
  ),
  'more positions than rows of the table': customNetwork(
    [9],
    { table: [10, 1], w: [1, 2] },
    (b, x, { table, w }) => b.sum(b.matmul(b.unary('tanh', b.gather(table!, x, 0)), w!), [1]),
    rng,
  ),
  'a table larger than a constant, several positions': customNetwork(
    [30],
    { table: [300, 1] },
    (b, x, { table }) => b.sum(b.unary('tanh', b.gather(table!, x, 0)), [1]),
    rng,
  ),
  'a table used twice': customNetwork(
    [3],
    { table: [10, 4] },
    (b, x, { table }) => {
      const h = b.sum(b.unary('tanh', b.gather(table!, x, 0)), [1]);
      return b.add(h, b.sum(b.gather(table!, b.slice(x, 1, { end: 2 }), 0), [1]));
    },
    rng,
  ),
  'a table that is also the head': customNetwork(
    [3],
    { table: [10, 4] },
    (b, x, { table }) => b.matmul(b.sum(b.unary('tanh', b.gather(table!, x, 0)), [1]), table!, { transposeB: true }),
    rng,
  ),
};

describe.each(Object.entries(networks))('%s', (_name, network) => {
  const n = 6;
  const rows = network.parameters[0]!.shape[0]!;
  const x = Float64Array.from({ length: n * sizeOf(network.program.inputs[0]!.shape) }, () => rng.integer(rows));

  test('J V is the central difference', async () => {
    using l = await linearize(network, x, { backend });
    const v = rng.normals(l.p);
    using input = backend.upload(v, [1, l.p]);
    using jv = await l.jacobian.matmul(input);
    const h = 1e-5;
    const [up, down] = await Promise.all([h, -h].map((step) => outputs(shift(network, v, step), x)));
    const difference = up!.map((value, i) => (value - down![i]!) / (2 * h));
    expect(relativeError(await backend.read(jv), difference)).toBeLessThan(1e-8);
  });

  test('kernel, cross kernel and diagonal agree with the explicit Jacobian', async () => {
    using l = await linearize(network, x, { backend, batchSize: 4 });
    using other = await linearize(network, x.slice(0, (3 * x.length) / n), { backend });
    const j = (await explicitJacobian(l)).data;
    const size = l.n * l.c;
    const theta = Float64Array.from({ length: size * size }, (_, at) => {
      const [a, b] = [Math.floor(at / size), at % size].map((row) => j.subarray(row * l.p, (row + 1) * l.p));
      return a!.reduce((sum, value, i) => sum + value * b![i]!, 0);
    });
    expect(relativeError((await kernelMatrix(l)).data, theta)).toBeLessThan(1e-13);
    expect(relativeError((await kernelMatrix(other, l)).data, theta.slice(0, 3 * l.c * size))).toBeLessThan(1e-13);
    const diagonal = theta.filter((_, i) => i % (size + 1) === 0);
    expect(relativeError(await kernelDiagonal(l), diagonal)).toBeLessThan(1e-13);
  });
});

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
