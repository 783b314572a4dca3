import { ShapeError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson } from '../json.ts';
import { formatExample } from './axes.ts';
import { formatField, imageLayer, requireChannelsLast, type Rank } from './images.ts';
import type { LayerContext, LayerKind } from './layer.ts';

const amount = z.int().min(0);
const amounts = z.union([amount, z.array(z.union([amount, z.array(amount).length(2)])).length(2)], {
  error: 'an integer ≥ 0, or two of them for each axis',
});
const paddingSchema = z.object({ padding: amounts.default(1), data_format: formatField });
const croppingSchema = z.object({ cropping: amounts.default(1), data_format: formatField });

/** What is added to or taken from each side: one number, one an axis, or one a side. A sequence has sides at its beginning and end. */
function sidesOf(given: z.infer<typeof amounts>, rank: Rank, context: LayerContext): [number, number][] {
  const both = (one: number | readonly number[]): [number, number] =>
    typeof one === 'number' ? [one, one] : [one[0]!, one[1]!];
  if (rank === 2) return typeof given === 'number' ? [both(given), both(given)] : given.map(both);
  const sides = typeof given === 'number' ? both(given) : given;
  if (sides.every((side) => typeof side === 'number')) return [[0, 0], both(sides)];
  context.unsupported(`the amounts ${JSON.stringify(given)}`, 'one amount, or two for beginning and end');
  return [
    [0, 0],
    [0, 0],
  ];
}

/** Zeros around images or sequences. */
export function zeroPadding(rank: Rank): LayerKind {
  return (config, context) => {
    const { padding, data_format: format } = checkJson(paddingSchema, config, context.place);
    requireChannelsLast(format, context);
    const sides = sidesOf(padding, rank, context);
    return imageLayer(rank, (b, images) =>
      sides.reduce(
        (x, [before, after], axis) => (before + after === 0 ? x : b.pad(x, axis + 1, { before, after })),
        images,
      ),
    );
  };
}

/** Images or sequences without their borders. */
export function cropping(rank: Rank): LayerKind {
  return (config, context) => {
    const { cropping: given, data_format: format } = checkJson(croppingSchema, config, context.place);
    requireChannelsLast(format, context);
    const sides = sidesOf(given, rank, context);
    return imageLayer(rank, (b, images) => sides.reduce((x, side, axis) => crop(b, x, axis + 1, side), images));
  };
}

function crop(b: ProgramBuilder, x: Value, axis: number, [before, after]: readonly [number, number]): Value {
  const shape = b.shape(x);
  const end = shape[axis]! - after;
  if (end <= before) {
    throw new ShapeError(
      `got ${before} and ${after} to take from axis ${axis} of ${formatExample(shape)}, expected less than there is`,
    );
  }
  return before + after === 0 ? x : b.slice(x, axis, { start: before, end });
}
