import { ShapeError, UnsupportedError } from '@ntk/tensor';
import { asNumber } from '../../graph/extent.ts';
import {
  convolve,
  convolveTransposed,
  maxOfWindows,
  meanOfWindows,
  padsFor,
  type Convolution,
  type GraphWindow,
  type Padding,
} from '../../graph/functions/convolution.ts';
import { cut } from '../../graph/functions/cutting.ts';
import type { ChannelPlace } from '../../graph/functions/images.ts';
import { extentsOfTraced, rankOf } from '../../graph/functions/movement.ts';
import { resizeBilinear, resizeNearest } from '../../graph/functions/resizing.ts';
import { extentsIn, knownInput, numbersIn, required } from '../../graph/operands.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import { DILATED } from '../dilation.ts';
import type { DefNode, GraphRule, GraphRules } from '../graph-node.ts';
import { withFused } from './activations.ts';

/** Where a node has the axes of its images. */
function placesOf(node: DefNode): { readonly channels: ChannelPlace; readonly positions: readonly [number, number] } {
  const format = node.text('data_format', 'NHWC');
  if (format === 'NHWC') return { channels: 'last', positions: [1, 2] };
  if (format === 'NCHW') return { channels: 'first', positions: [2, 3] };
  throw new UnsupportedError(`got data_format = '${format}', expected NHWC or NCHW`);
}

/** What a list with an entry for each axis says of the positions. */
function pair(node: DefNode, name: string): [number, number] {
  const list = node.numbers(name);
  const [down, across] = placesOf(node).positions;
  return [list[down] ?? 1, list[across] ?? 1];
}

function paddingOf(node: DefNode): Padding {
  const padding = node.text('padding', 'VALID');
  if (padding === 'SAME') return 'same';
  if (padding === 'VALID') return [0, 0, 0, 0];
  if (padding !== 'EXPLICIT')
    throw new UnsupportedError(`got padding = '${padding}', expected SAME, VALID or EXPLICIT`);
  const pads = node.numbers('explicit_paddings');
  return placesOf(node).positions.flatMap((axis) => [pads[2 * axis] ?? 0, pads[2 * axis + 1] ?? 0]);
}

function windowOf(node: DefNode, kernel: readonly [number, number]): GraphWindow {
  return { kernel, strides: pair(node, 'strides'), dilations: pair(node, 'dilations'), padding: paddingOf(node) };
}

/** How many groups of channels a filter [rows, columns, inputs, outputs] leaves apart. */
function groupsOf(tracer: Tracer, node: DefNode, images: Traced, filter: Traced): number {
  const own = extentsOfTraced(tracer, images);
  const channels = asNumber(own[placesOf(node).channels === 'first' ? 1 : own.length - 1]!, 'a number of channels');
  const each = asNumber(extentsOfTraced(tracer, filter)[2]!, 'a number of channels');
  if (channels % each !== 0)
    throw new ShapeError(`got ${channels} channels and a filter for ${each}, expected a multiple of it`);
  return channels / each;
}

/** Images filtered, without what is fused. */
function filtered(
  tracer: Tracer,
  node: DefNode,
  inputs: readonly (Traced | undefined)[],
  layout: 'hwio' | 'hwcm',
  window: Convolution['window'] = (kernel) => windowOf(node, kernel),
): Traced {
  const [images, filter] = [required(inputs, 0), required(inputs, 1)];
  if (rankOf(images) !== 4 || rankOf(filter) !== 4)
    throw new ShapeError(`got ${rankOf(images)} and ${rankOf(filter)} axes, expected images and a filter of four`);
  const channels = extentsOfTraced(tracer, filter)[2]!;
  return convolve(
    tracer,
    { images, filter, bias: undefined },
    {
      channels: placesOf(node).channels,
      filter: layout,
      groups: layout === 'hwcm' ? asNumber(channels, 'a number of channels') : groupsOf(tracer, node, images, filter),
      window,
    },
  );
}

function convolution(layout: 'hwio' | 'hwcm'): GraphRule {
  return (tracer, node, inputs) => {
    const images = filtered(tracer, node, inputs, layout);
    const axis = placesOf(node).channels === 'first' ? 1 : 3;
    return withFused(tracer, node, images, { more: inputs.slice(2), axis });
  };
}

/** The transpose of a convolution: its inputs are the size of the result, the filter of the convolution, and the images. */
const transposedConvolution: GraphRule = (tracer, node, inputs) => {
  const { channels, positions } = placesOf(node);
  const extents = extentsIn(knownInput(inputs, 0, 'sizes'));
  const size = positions.map((axis) => asNumber(extents[axis]!, 'a size'));
  return convolveTransposed(
    tracer,
    { images: required(inputs, 2), filter: required(inputs, 1), bias: undefined },
    { channels, filter: 'hwio', groups: 1, window: (kernel) => windowOf(node, kernel) },
    (_responses, window) => ({ size, pads: padsFor(size, window) }),
  );
};

/**
 * A dilated convolution that was written as one of blocks (see `dilation.ts`): images, filter, extents of blocks, padding, and what is cut off at the end.
 */
function dilated(layout: 'hwio' | 'hwcm'): GraphRule {
  return (tracer, node, inputs) => {
    const [block, pads, crops] = [2, 3, 4].map((index) => numbersIn(knownInput(inputs, index, 'blocks'), 'a block'));
    // A sequence is an image of one row.
    const isSequence = block!.length === 1;
    const dilations = isSequence ? [1, ...block!] : block!;
    const [around, cropped] = [pads!, crops!].map((each) => (isSequence ? [0, 0, ...each] : each));
    const images = filtered(tracer, node, inputs, layout, (kernel) => ({
      kernel,
      strides: [1, 1],
      dilations: [dilations[0]!, dilations[1]!],
      padding: around!,
    }));
    return [1, 2].reduce((result, axis, i) => {
      const extent = asNumber(extentsOfTraced(tracer, result)[axis]!, 'an extent');
      const [start, end] = [cropped![2 * i]!, extent - cropped![2 * i + 1]!];
      return cut(tracer, result, axis, { start, end, step: 1 });
    }, images);
  };
}

function pooling(pool: typeof maxOfWindows): GraphRule {
  return (tracer, node, inputs) =>
    pool(tracer, tracer.view(required(inputs, 0)), placesOf(node).channels, windowOf(node, pair(node, 'ksize')));
}

/** Source: tensorflow/core/util/image_resizer_state.h and resize_nearest_neighbor_op.cc. */
function resizing(resize: typeof resizeNearest): GraphRule {
  return (tracer, node, inputs) => {
    const size = numbersIn(knownInput(inputs, 1, 'sizes'), 'a size');
    const [corners, centres] = [node.flag('align_corners'), node.flag('half_pixel_centers')];
    if (corners && centres)
      throw new UnsupportedError('got align_corners with half_pixel_centers, expected one of both');
    return resize(tracer, tracer.view(required(inputs, 0)), 'last', {
      size: [size[0]!, size[1]!],
      placesOf: (from, to) => {
        const scale = corners && to > 1 ? (from - 1) / (to - 1) : from / to;
        return Array.from({ length: to }, (_, i) => (centres ? (i + 0.5) * scale - 0.5 : i * scale));
      },
      nearest: (place) => (corners ? Math.round(place) : Math.floor(place + (centres ? 0.5 : 0))),
      name: `${corners ? ' between corners' : ''}${centres ? ' between centres' : ''}`,
    });
  };
}

/** Filters and windows over images. */
export const convolutionRules: GraphRules = {
  Conv2D: convolution('hwio'),
  _FusedConv2D: convolution('hwio'),
  DepthwiseConv2dNative: convolution('hwcm'),
  FusedDepthwiseConv2dNative: convolution('hwcm'),
  Conv2DBackpropInput: transposedConvolution,
  [DILATED.Conv2D]: dilated('hwio'),
  [DILATED.DepthwiseConv2dNative]: dilated('hwcm'),
  MaxPool: pooling(maxOfWindows),
  AvgPool: pooling(meanOfWindows),
  ResizeNearestNeighbor: resizing(resizeNearest),
  ResizeBilinear: resizing(resizeBilinear),
};
