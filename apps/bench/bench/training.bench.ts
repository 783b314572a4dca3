import { ortBackend } from '@ntk/backend-ort';
import { denseNetwork } from '@ntk/models';
import { Rng, cpuBackend, type Backend } from '@ntk/tensor';
import { adam, sgd, train, type Optimizer } from '@ntk/train';
import { bench, describe } from 'vitest';

/** MLP 5-64-64-1 on 1,500 examples, batches of 32, float32: the size of the demo's network. One iteration is 10 epochs, compiled before. */
describe('training, 10 epochs', async () => {
  const network = denseNetwork({ inputs: 5, hidden: [64, 64], outputs: 1, rng: new Rng(1) });
  const n = 1500;
  const x = Float32Array.from(new Rng(2).normals(5 * n));
  const y = Float32Array.from({ length: n }, (_, i) => Math.sin(x[5 * i]!) + x[5 * i + 1]! * x[5 * i + 2]!);
  const backends: [string, Backend][] = [
    ['ort, 1 thread', await ortBackend({ threads: 1 })],
    ['ort, its own number of threads', await ortBackend()],
    ['cpu', cpuBackend()],
  ];
  const optimizers: [string, Optimizer][] = [
    ['adam', adam()],
    ['sgd', sgd({ learningRate: 0.01, momentum: 0.9 })],
  ];
  for (const [place, backend] of backends) {
    for (const [name, optimizer] of optimizers) {
      bench(`${name} on ${place}`, async () => {
        const { history } = await train(network, { x, y }, { backend, epochs: 10, optimizer, rng: new Rng(3) });
        if (!(history.at(-1)!.trainLoss < 1)) throw new Error('training did not lower the loss');
      });
    }
  }
});
