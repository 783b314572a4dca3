import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openData, readCifar10 } from '@ntk/datasets';
import { readLayersModel } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { load, outputsOf, predict, worst } from './tfjs.ts';

const model = 'tfjs_models/nsfwjs_mobilenet_v2';
const cifar = 'cifar10/cifar10_test_1000.bin';
const data = openData(model, cifar);

/** A CIFAR-10 image at seven times its size, [224, 224, 3] in [0, 1]. */
function enlarged(images: Uint8Array, at: number): Float32Array {
  return Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => {
    const [row, column, channel] = [Math.floor(i / 672), Math.floor(i / 3) % 224, i % 3];
    return images[((at * 32 + Math.floor(row / 7)) * 32 + Math.floor(column / 7)) * 3 + channel]! / 255;
  });
}

describe.skipIf(data === undefined)('a MobileNetV2 with weights quantised to bytes', { timeout: 120_000 }, () => {
  it('says so, and gives the outputs of TensorFlow.js', async () => {
    const folder = join(data!, model);
    const network = await readLayersModel(folder, { outputActivation: 'keep' });
    expect(network.meta.notes).toContain('weights are quantised to uint8 in the file');
    const modelJson = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as Record<string, unknown>;
    const theirs = await load({ modelJson, weights: readFileSync(join(folder, 'group1-shard1of1')) });
    const { images } = readCifar10(join(data!, cifar));
    const x = enlarged(images, 7);
    expect(worst(await outputsOf(network, x), predict(theirs, x, 1))).toBeLessThan(1e-5);
  });
});
