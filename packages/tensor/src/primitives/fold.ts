import { ShapeError } from '../errors.ts';
import { formatShape, sizeOf } from '../shape.ts';
import { imageExampleAxis } from './filter.ts';
import type { PrimitiveSpec } from './spec.ts';
import { checkImages, checkPositions, tapPixels } from './window.ts';

export const fold: PrimitiveSpec<'fold'> = {
  arity: 1,
  infer: ([windows], { size, ...window }) => {
    checkImages('fold', windows!);
    checkPositions('fold', windows!.slice(1, 3), size, window);
    const channels = windows![3]! / sizeOf(window.kernel);
    if (Number.isInteger(channels)) return [windows![0]!, ...size, channels];
    throw new ShapeError(
      `fold: got ${windows![3]!} numbers for each window of ${formatShape(window.kernel)}, expected a multiple of ${sizeOf(window.kernel)}`,
    );
  },
  exampleAxis: ([axis]) => imageExampleAxis('fold', axis!),
  evaluate: ([windows], { size, ...window }, out, outShape) => {
    const { data } = windows!;
    const [n, height, width, channels] = outShape as [number, number, number, number];
    const pixels = tapPixels(size, window);
    const sums = new Float64Array(out.length);
    for (let example = 0; example < n; example++) {
      pixels.forEach((pixel, i) => {
        if (pixel < 0) return;
        const to = (example * height * width + pixel) * channels;
        const from = (example * pixels.length + i) * channels;
        for (let c = 0; c < channels; c++) sums[to + c] = sums[to + c]! + data[from + c]!;
      });
    }
    out.set(sums);
  },
};
