import { sizeOf } from '../shape.ts';
import { combineRows } from './combine-rows.ts';
import { checkChannels, filteredExampleAxis, filterExtents, groupPanel } from './filter.ts';
import type { PrimitiveSpec } from './spec.ts';
import { checkImages, checkPositions, tapPixels } from './window.ts';

export const conv2dTranspose: PrimitiveSpec<'conv2dTranspose'> = {
  arity: 2,
  infer: ([responses, filter], { groups, size, ...sliding }) => {
    checkImages('conv2dTranspose', responses!);
    const { kernel, image, positions } = filterExtents('conv2dTranspose', filter!, groups);
    checkChannels('conv2dTranspose', responses!, positions);
    checkPositions('conv2dTranspose', responses!.slice(1, 3), size, { kernel, ...sliding });
    return [responses![0]!, ...size, image];
  },
  exampleAxis: (axes) => filteredExampleAxis('conv2dTranspose', axes),
  evaluate: ([responses, filter], { groups, size, ...sliding }, out) => {
    const extents = filterExtents('conv2dTranspose', filter!.shape, groups);
    const { kernel, image, imageOfGroup, positions, positionsOfGroup, taps } = extents;
    const pixels = tapPixels(size, { kernel, ...sliding });
    const tapCount = sizeOf(kernel);
    const windows = sizeOf(responses!.shape.slice(1, 3));
    const sums = new Float64Array(out.length);
    const response = new Float64Array(positionsOfGroup);
    const written = new Float64Array(taps);
    for (let group = 0; group < groups; group++) {
      const panel = groupPanel(filter!, extents, group, true);
      for (let w = 0; w < responses!.shape[0]! * windows; w++) {
        const start = w * positions + group * positionsOfGroup;
        for (let c = 0; c < positionsOfGroup; c++) response[c] = responses!.data[start + c]!;
        combineRows(response, panel, 0, written);
        const example = Math.floor(w / windows) * sizeOf(size);
        for (let tap = 0; tap < tapCount; tap++) {
          const pixel = pixels[(w % windows) * tapCount + tap]!;
          if (pixel < 0) continue;
          const to = (example + pixel) * image + group * imageOfGroup;
          for (let c = 0; c < imageOfGroup; c++) sums[to + c] = sums[to + c]! + written[tap * imageOfGroup + c]!;
        }
      }
    }
    out.set(sums);
  },
};
