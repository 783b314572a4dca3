import { join } from 'node:path';
import { ortBackend } from '@ntk/backend-ort';
import { openData, readCifar10, readCifarResnet, readIdx, type LabelledImages } from '@ntk/datasets';
import { explicitJacobian, kernelMatrix, linearize } from '@ntk/jacobian';
import { gemm } from '@ntk/linop';
import { parseLayersModel, readLayersModel } from '@ntk/models';
import { openReference } from '@ntk/reference';
import { Rng, exampleShape, forward, sizeOf, type Network } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { outputsOf, shift } from './moved-network.ts';
import { applyTo, checkAdjoint } from './operator-checks.ts';

const NETWORKS = ['resnet20', 'resnet56'] as const;
const DTYPES = ['float64', 'float32'] as const;

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

function colour(data: string, name: (typeof NETWORKS)[number], { images, labels }: LabelledImages): Task {
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

/** CIFAR-10 images at seven times their size, [n, 224, 224, 3] in [0, 1]. */
function enlarged(images: Uint8Array, n: number): Float32Array {
  return Float32Array.from({ length: n * 224 * 224 * 3 }, (_, i) => {
    const [image, row, column] = [Math.floor(i / 150_528), Math.floor(i / 672) % 224, Math.floor(i / 3) % 224];
    return images[((image * 32 + Math.floor(row / 7)) * 32 + Math.floor(column / 7)) * 3 + (i % 3)]! / 255;
  });
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

describe.skipIf(data === undefined)('networks of other people are linearised', { timeout: 120_000 }, () => {
  const cifar = (): LabelledImages => readCifar10(join(data!, 'cifar10', 'cifar10_test_1000.bin'));

  test.each(NETWORKS.flatMap((name) => DTYPES.map((dtype) => [name, dtype] as const)))(
    '%s in %s: ⟨u, J v⟩ = ⟨Jᵀu, v⟩',
    async (name, dtype) => {
      const { network, x } = colour(data!, name, cifar());
      using l = await linearize(network, x.subarray(0, 4 * 3072), { backend: await ortBackend(), dtype });
      await checkAdjoint(l);
    },
  );

  test.each(NETWORKS)('%s: J v is the central difference', async (name) => {
    const { network, x } = colour(data!, name, cifar());
    const backend = await ortBackend();
    const example = Float64Array.from(x.subarray(0, sizeOf(exampleShape(network))));
    using l = await linearize(network, example, { backend, dtype: 'float64' });
    const v = new Rng('difference').normals(l.p);
    // Small, because few of the many rectifiers may change sides on the way.
    const h = 1e-8;
    const up = await outputsOf(shift(network, v, h), example, backend);
    const down = await outputsOf(shift(network, v, -h), example, backend);
    const difference = up.map((value, i) => (value - down[i]!) / (2 * h));
    expect(relativeError(await applyTo(l.jacobian, v), difference)).toBeLessThan(1e-5);
  });

  test('ResNet-20 is the one that the golden values are of', async ({ skip }) => {
    const reference = openReference('resnet20');
    skip(reference === undefined, 'no golden values of resnet20');
    const { network, x } = colour(data!, 'resnet20', cifar());
    const golden = await readLayersModel(join(reference!.folder, 'model'));
    expect(network.parameters).toEqual(golden.parameters);
    network.values.forEach((values, i) => expect(relativeError(values, golden.values[i]!)).toBe(0));
    const X = reference!.array('X').data;
    reference!.numbers('cifar10_test_index').forEach((image, i) => {
      const [own, theirs] = [x.subarray(image * 3072, (image + 1) * 3072), X.subarray(i * 3072, (i + 1) * 3072)];
      expect(relativeError(own, theirs)).toBe(0);
    });
  });

  test('the dense layers of a MobileNetV2 with quantised weights: products and kernel', async () => {
    const network = await readLayersModel(join(data!, 'tfjs_models', 'nsfwjs_mobilenet_v2'));
    const x = enlarged(cifar().images, 2);
    const layers = { top: 3 };
    const backend = await ortBackend();
    using single = await linearize(network, x, { backend, dtype: 'float32', layers });
    await checkAdjoint(single);
    using l = await linearize(network, x, { backend, dtype: 'float64', layers });
    await checkAdjoint(l);
    expect(l.p).toBe((1280 + 1) * 256 + (256 + 1) * 128 + (128 + 1) * 5);
    const j = await explicitJacobian(l);
    expect(relativeError((await kernelMatrix(l)).data, gemm(j, j, { transposeB: true }).data)).toBeLessThan(1e-12);
  });
});
