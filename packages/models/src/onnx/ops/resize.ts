import { UnsupportedError } from '@ntk/tensor';
import { asNumber, sameExtent } from '../../graph/extent.ts';
import { axisOf, extentsOfTraced, rankOf } from '../../graph/functions/movement.ts';
import { resizeBilinear, resizeNearest, type Resizing } from '../../graph/functions/resizing.ts';
import { extentsIn, knownInput, numbersIn, required } from '../../graph/operands.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import type { OnnxRule, OnnxRules, OpNode } from '../op-node.ts';

/** The place in the original of pixel i of one axis. */
type Place = (i: number, axis: { readonly from: number; readonly to: number; readonly scale: number }) => number;

/** By coordinate_transformation_mode. */
const places: { readonly [mode: string]: Place } = {
  half_pixel: (i, { scale }) => (i + 0.5) / scale - 0.5,
  pytorch_half_pixel: (i, { scale, to }) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0),
  align_corners: (i, { from, to }) => (to > 1 ? (i * (from - 1)) / (to - 1) : 0),
  asymmetric: (i, { scale }) => i / scale,
};

/** By nearest_mode. */
const roundings: { readonly [mode: string]: (place: number) => number } = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

function choice<T>(node: OpNode, name: string, fallback: string, known: { readonly [mode: string]: T }): T {
  const mode = node.text(name, fallback);
  const found = known[mode];
  if (found === undefined)
    throw new UnsupportedError(`got ${name} = '${mode}', expected one of ${Object.keys(known).join(', ')}`);
  return found;
}

/** Images or sequences in another size: the nearest pixels, or interpolated linearly between them. */
const resize: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const kind = choice(node, 'mode', 'nearest', { nearest: resizeNearest, linear: resizeBilinear });
  for (const flag of ['antialias', 'exclude_outside'])
    if (node.number(flag, 0) !== 0) throw new UnsupportedError(`got ${flag} = 1, expected 0`);
  choice(node, 'keep_aspect_ratio_policy', 'stretch', { stretch: true });
  const placeOf = choice(node, 'coordinate_transformation_mode', 'half_pixel', places);
  const { size, scales } = sizeAndScales(tracer, node, inputs);
  const resizing: Resizing = {
    size,
    placesOf: (from, to, axis) =>
      Array.from({ length: to }, (_, i) => placeOf(i, { from, to, scale: scales[axis] ?? to / from })),
    nearest: choice(node, 'nearest_mode', 'round_prefer_floor', roundings),
    name: ` by ${node.text('coordinate_transformation_mode', 'half_pixel')} ${scales.join(' ')}`,
  };
  return kind(tracer, tracer.view(operand), 'first', resizing);
};

interface SizeAndScales {
  readonly size: readonly [number, number];
  /** Undefined where only the size is given. */
  readonly scales: readonly (number | undefined)[];
}

/** What the inputs say, for rows and columns; a sequence is an image of one row. */
function sizeAndScales(tracer: Tracer, node: OpNode, inputs: readonly (Traced | undefined)[]): SizeAndScales {
  const operand = required(inputs, 0);
  const extents = extentsOfTraced(tracer, operand);
  const rank = rankOf(operand);
  const axes = node.numbers('axes')?.map((axis) => axisOf(axis, rank)) ?? extents.map((_, axis) => axis);
  const scales = inputs[2] ? numbersIn(knownInput(inputs, 2, 'scales'), 'a scale') : [];
  const sizes = inputs[3] ? extentsIn(knownInput(inputs, 3, 'sizes')) : [];
  const along = [2, 3].slice(0, rank - 2).map((axis) => {
    const extent = asNumber(extents[axis]!, 'an extent');
    const given = axes.indexOf(axis);
    const [scale, size] = [scales[given], sizes[given]];
    if (size !== undefined) return { size: asNumber(size, 'a size'), scale: undefined };
    return { size: Math.floor(extent * (scale ?? 1)), scale: scale ?? 1 };
  });
  const isKept = axes.every((axis, i) => {
    const size = sizes[i];
    // Examples are as many as before, whatever number a file was made for.
    if (axis === 0 || axis >= 2) return axis >= 2 || size !== undefined || (scales[i] ?? 1) === 1;
    return size === undefined ? (scales[i] ?? 1) === 1 : sameExtent(size, extents[axis]!);
  });
  if (!isKept || rank < 3 || rank > 4)
    throw new UnsupportedError(`got ${rank} axes to resize, expected the last of images or sequences only`);
  const both = along.length === 1 ? [{ size: 1, scale: 1 }, along[0]!] : along;
  return { size: [both[0]!.size, both[1]!.size], scales: both.map(({ scale }) => scale) };
}

/** Images in another size. */
export const resizeRules: OnnxRules = { Resize: resize };
