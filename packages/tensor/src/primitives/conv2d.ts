import { sizeOf } from '../shape.ts';
import { combineRows } from './combine-rows.ts';
import { checkChannels, filteredExampleAxis, filterExtents, groupPanel } from './filter.ts';
import type { PrimitiveSpec } from './spec.ts';
import { checkImages, positionsOf, tapPixels } from './window.ts';

export const conv2d: PrimitiveSpec<'conv2d'> = {
  arity: 2,
  infer: ([images, filter], { groups, ...sliding }) => {
    checkImages('conv2d', images!);
    const { kernel, image, positions } = filterExtents('conv2d', filter!, groups);
    checkChannels('conv2d', images!, image);
    return [images![0]!, ...positionsOf('conv2d', images!.slice(1, 3), { kernel, ...sliding }), positions];
  },
  exampleAxis: (axes) => filteredExampleAxis('conv2d', axes),
  evaluate: ([images, filter], { groups, ...sliding }, out, outShape) => {
    const extents = filterExtents('conv2d', filter!.shape, groups);
    const { kernel, image, imageOfGroup, positionsOfGroup, taps } = extents;
    const size = images!.shape.slice(1, 3);
    const pixels = tapPixels(size, { kernel, ...sliding });
    const tapCount = sizeOf(kernel);
    const windows = sizeOf(outShape.slice(1, 3));
    const read = new Float64Array(taps);
    const row = new Float64Array(positionsOfGroup);
    for (let group = 0; group < groups; group++) {
      const panel = groupPanel(filter!, extents, group, false);
      for (let w = 0; w < outShape[0]! * windows; w++) {
        const example = Math.floor(w / windows) * sizeOf(size);
        for (let tap = 0; tap < tapCount; tap++) {
          const pixel = pixels[(w % windows) * tapCount + tap]!;
          const from = (example + pixel) * image + group * imageOfGroup;
          for (let c = 0; c < imageOfGroup; c++) read[tap * imageOfGroup + c] = pixel < 0 ? 0 : images!.data[from + c]!;
        }
        combineRows(read, panel, 0, row);
        out.set(row, w * extents.positions + group * positionsOfGroup);
      }
    }
  },
};
