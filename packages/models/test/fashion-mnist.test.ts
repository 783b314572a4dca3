import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readLayersModel } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { outputsOf } from './tfjs.ts';

const data = process.env['NTK_DATA_DIR'] || fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const files = [
  'tfjs_models/fashion_mnist_mlp',
  'fashion_mnist/t10k-images-idx3-ubyte.gz',
  'fashion_mnist/t10k-labels-idx1-ubyte.gz',
];
const absent = files.map((file) => join(data, file)).find((path) => !existsSync(path));
if (absent !== undefined)
  console.log(`skipped: Fashion-MNIST: ${absent} not found; NTK_DATA_DIR names the folder that holds it`);

/** The elements of an IDX file of bytes, after its header. */
function idx(file: string, headerBytes: number): Uint8Array {
  return gunzipSync(readFileSync(join(data, file))).subarray(headerBytes);
}

describe.skipIf(absent !== undefined)('a converted Keras model of other people', () => {
  it('classifies 87.58 % of the Fashion-MNIST test images', async () => {
    const network = await readLayersModel(join(data, files[0]!));
    expect(network.meta.outputActivation).toBe('softmax');
    const images = idx(files[1]!, 16);
    const labels = idx(files[2]!, 8);
    let right = 0;
    for (let start = 0; start < labels.length; start += 1000) {
      const x = Float32Array.from(images.subarray(start * 784, (start + 1000) * 784), (pixel) => pixel / 255);
      const logits = await outputsOf(network, x);
      for (let i = 0; i < 1000; i++) {
        const row = logits.subarray(10 * i, 10 * i + 10);
        if (row.indexOf(Math.max(...row)) === labels[start + i]) right++;
      }
    }
    expect(right / labels.length).toBe(0.8758);
  });
});
