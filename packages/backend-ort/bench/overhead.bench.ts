import { ProgramBuilder, type Program } from '@ntk/tensor';
import { bench, describe } from 'vitest';
import { ortBackend } from '@ntk/backend-ort';
import { prepare } from './prepared.ts';

/** A network of `layers` dense layers of 40 units with tanh: three nodes a layer. */
function network(layers: number, n: number): Program {
  const b = new ProgramBuilder('network');
  let h = b.input('x', [n, 40]);
  const [w, c] = [b.input('w', [40, 40]), b.input('c', [40])];
  for (let layer = 0; layer < layers; layer++) h = b.unary('tanh', b.add(b.matmul(h, w), c));
  b.output('y', h);
  return b.build();
}

describe('what a small Program costs', async () => {
  const backend = await ortBackend();
  const product = new ProgramBuilder('product');
  product.output('c', product.matmul(product.input('a', [40, 40]), product.input('b', [40, 40])));
  const tiny = await prepare(backend, product.build(), 'float64');
  const small = await prepare(backend, network(10, 300), 'float64');

  bench('run one product of 40×40', () => tiny.run());

  bench('run 30 nodes, 300×40', () => small.run());

  const uncached = await ortBackend({ cachedPrograms: 0 });
  bench('compile 30 nodes anew', async () => {
    (await uncached.compile(network(10, 300), { dtype: 'float64' })).dispose();
  });

  bench('compile 30 nodes from the cache', async () => {
    (await backend.compile(network(10, 300), { dtype: 'float64' })).dispose();
  });
});
