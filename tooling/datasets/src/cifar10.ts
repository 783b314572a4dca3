import { readFileSync } from 'node:fs';

const PIXELS = 32 * 32;
const CHANNELS = 3;

/** Images with their classes. */
export interface LabelledImages {
  /** [n, 32, 32, 3] (RGB), 0 to 255. */
  readonly images: Uint8Array;
  /** [n] */
  readonly labels: Uint8Array;
}

/** The images and labels of a CIFAR-10 batch (Krizhevsky 2009): records of a label and three planes of colour, here joined in each pixel. */
export function readCifar10(path: string): LabelledImages {
  const bytes = readFileSync(path);
  const size = PIXELS * CHANNELS;
  const n = bytes.length / (1 + size);
  const images = new Uint8Array(n * size);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const record = bytes.subarray(i * (1 + size), (i + 1) * (1 + size));
    labels[i] = record[0]!;
    for (let j = 0; j < size; j++)
      images[i * size + j] = record[1 + (j % CHANNELS) * PIXELS + Math.floor(j / CHANNELS)]!;
  }
  return { images, labels };
}
