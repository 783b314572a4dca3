import { ortBackend } from '@ntk/backend-ort';
import { randomCifarResnet } from '@ntk/datasets';
import { linearize } from '@ntk/jacobian';
import { denseNetwork, parseLayersModel } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { expect, test } from 'vitest';
import { linearGflop } from '../src/speed/linear-flops.ts';

const rng = new Rng('linear flops');

test('the products of a perceptron, examples of all batches and no padding', async () => {
  const backend = await ortBackend();
  const network = denseNetwork({ inputs: 3, hidden: [5, 4], outputs: 2, rng });
  const x = new Float32Array(rng.normals(7 * 3));
  using l = await linearize(network, x, { backend, dtype: 'float32', batchSize: 2 });
  // The input of the first layer has no tangent.
  const multiplications = 3 * 5 + 2 * (5 * 4 + 4 * 2);
  expect(linearGflop(l)).toBeCloseTo((2 * 7 * multiplications) / 1e9, 15);
});

test('the convolutions of ResNet-20: the sweep and the filter tangents', async () => {
  const backend = await ortBackend();
  const { modelJson, weights } = randomCifarResnet('resnet20', (count) => rng.normals(count));
  const network = parseLayersModel(modelJson, weights, { label: 'resnet20' });
  const n = 3;
  const x = new Float32Array(rng.normals(n * 32 * 32 * 3));
  using l = await linearize(network, x, { backend, dtype: 'float32', batchSize: 2 });
  const first = 32 ** 2 * (9 * 3) * 16;
  const further = 32 ** 2 * (9 * 16) * 16; // as many in every stage: half the rows, half the columns, twice the channels in and out
  const widening = further / 2;
  const multiplications = first + 2 * (16 * further + 2 * widening + 64 * 10);
  expect(linearGflop(l)).toBeCloseTo((2 * n * multiplications) / 1e9, 12);
  expect((linearGflop(l) / n) * 128).toBeCloseTo(20.65, 2); // the suite's 128 images: 10.5 for the sweep, 10.2 for the filters
});
