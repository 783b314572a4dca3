import { join } from 'node:path';
import { ortBackend } from '@ntk/backend-ort';
import { openData, readCifar10, readCifarResnet, readIdx, type LabelledImages } from '@ntk/datasets';
import { parseLayersModel, readLayersModel } from '@ntk/models';
import { forward, type Network } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';

/** A network, its inputs [n, …] and their classes. */
interface Task {
  readonly network: Network;
  readonly x: Float32Array;
  readonly labels: Uint8Array;
}

/** A converted Keras model and the test images of its data set, in [0, 1]. */
async function grey(data: string, model: string, images: string): Promise<Task> {
  return {
    network: await readLayersModel(join(data, 'tfjs_models', model)),
    x: Float32Array.from(readIdx(join(data, images, 't10k-images-idx3-ubyte.gz')), (pixel) => pixel / 255),
    labels: readIdx(join(data, images, 't10k-labels-idx1-ubyte.gz')),
  };
}

function colour(data: string, name: 'resnet20' | 'resnet56', { images, labels }: LabelledImages): Task {
  const { modelJson, weights, standardize } = readCifarResnet(data, name);
  return { network: parseLayersModel(modelJson, weights), x: standardize(images), labels };
}

async function accuracy({ network, x, labels }: Task): Promise<number> {
  const backend = await ortBackend();
  const batch = 500;
  const size = x.length / labels.length;
  let right = 0;
  for (let start = 0; start < labels.length; start += batch) {
    using outputs = await forward(network, x.subarray(start * size, (start + batch) * size), { backend });
    const logits = await backend.read(outputs);
    const classes = logits.length / batch;
    for (let i = 0; i < batch; i++) {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      if (row.indexOf(Math.max(...row)) === labels[start + i]) right++;
    }
  }
  return right / labels.length;
}

const data = openData('tfjs_models', 'mnist', 'fashion_mnist', 'resnet_cifar10', 'cifar10/cifar10_test_1000.bin');

describe.skipIf(data === undefined)('networks of other people classify as well as they were reported to', () => {
  const cifar = (): LabelledImages => readCifar10(join(data!, 'cifar10', 'cifar10_test_1000.bin'));
  test.each<[string, number, () => Task | Promise<Task>]>([
    ['fashion_mnist_mlp', 0.8758, () => grey(data!, 'fashion_mnist_mlp', 'fashion_mnist')],
    ['mnist_cnn', 0.9904, () => grey(data!, 'mnist_cnn', 'mnist')],
    ['resnet20', 0.915, () => colour(data!, 'resnet20', cifar())],
    ['resnet56', 0.926, () => colour(data!, 'resnet56', cifar())],
  ])('%s: %d of the test images', { timeout: 120_000 }, async (_, reported, open) => {
    expect(await accuracy(await open())).toBe(reported);
  });
});
