import { sizeOf } from '../shape.ts';
import { imageExampleAxis } from './filter.ts';
import type { PrimitiveSpec } from './spec.ts';
import { checkImages, positionsOf, tapPixels } from './window.ts';

export const patches: PrimitiveSpec<'patches'> = {
  arity: 1,
  infer: ([images], window) => {
    checkImages('patches', images!);
    const positions = positionsOf('patches', images!.slice(1, 3), window);
    return [images![0]!, ...positions, sizeOf(window.kernel) * images![3]!];
  },
  exampleAxis: ([axis]) => imageExampleAxis('patches', axis!),
  evaluate: ([images], window, out) => {
    const { data, shape } = images!;
    const [n, height, width, channels] = shape as [number, number, number, number];
    const pixels = tapPixels([height, width], window);
    for (let example = 0; example < n; example++) {
      pixels.forEach((pixel, i) => {
        if (pixel < 0) return;
        const from = (example * height * width + pixel) * channels;
        out.set(data.subarray(from, from + channels), (example * pixels.length + i) * channels);
      });
    }
  },
};
