import { UnsupportedError } from '@ntk/tensor';
import {
  convolve,
  convolveTransposed,
  maxOfWindows,
  meanOfWindows,
  type GraphWindow,
  type Padding,
  type TransposedSize,
} from '../../graph/functions/convolution.ts';
import { reachOf } from '../../windows/extents.ts';
import { required } from '../../graph/operands.ts';
import type { OnnxRule, OnnxRules, OpNode } from '../op-node.ts';

/** Numbers for the axes of positions as a pair; a sequence is an image of one row. */
function pair(values: readonly number[] | undefined, neutral: number): [number, number] {
  if (values === undefined) return [neutral, neutral];
  if (values.length > 2) throw new UnsupportedError(`got ${values.length} axes of positions, expected one or two`);
  return values.length === 1 ? [neutral, values[0]!] : [values[0]!, values[1]!];
}

/** ONNX lists what lies before each axis, then what lies after: [top, left, bottom, right]. */
function paddingOf(node: OpNode): Padding {
  const mode = node.text('auto_pad', 'NOTSET');
  if (mode === 'SAME_UPPER') return 'same';
  if (mode === 'SAME_LOWER') return 'same at the beginning';
  const pads = node.numbers('pads');
  if (mode === 'VALID' || pads === undefined) return [0, 0, 0, 0];
  if (mode !== 'NOTSET')
    throw new UnsupportedError(`got auto_pad = '${mode}', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER`);
  const [before, after] = [pads.slice(0, pads.length / 2), pads.slice(pads.length / 2)].map((half) => pair(half, 0));
  return [before![0], after![0], before![1], after![1]];
}

function windowOf(node: OpNode, kernel: readonly [number, number]): GraphWindow {
  return {
    kernel,
    strides: pair(node.numbers('strides'), 1),
    dilations: pair(node.numbers('dilations'), 1),
    padding: paddingOf(node),
    roundsUp: node.number('ceil_mode', 0) !== 0,
  };
}

const conv: OnnxRule = (tracer, node, inputs) =>
  convolve(
    tracer,
    { images: required(inputs, 0), filter: required(inputs, 1), bias: inputs[2] },
    {
      channels: 'first',
      filter: 'oihw',
      groups: node.number('group', 1),
      window: (kernel) => windowOf(node, kernel),
    },
  );

/** The size that a transposed convolution gives: named, or what its padding leaves. */
function transposedSize(node: OpNode, positions: readonly number[], window: GraphWindow): TransposedSize {
  const { kernel, strides, dilations, padding } = window;
  const extra = pair(node.numbers('output_padding'), 0);
  const full = [0, 1].map(
    (axis) => (positions[axis]! - 1) * strides[axis]! + extra[axis]! + reachOf(kernel[axis]!, dilations[axis]!),
  );
  const named = node.numbers('output_shape');
  if (named === undefined && typeof padding !== 'string') {
    const [top, bottom, left, right] = padding as [number, number, number, number];
    return { size: [full[0]! - top - bottom, full[1]! - left - right], pads: padding };
  }
  // A sequence has one row, whatever the strides.
  const rows = node.numbers('output_shape')?.length === 1 ? 1 : undefined;
  const size = named
    ? pair(named, rows ?? 1)
    : [0, 1].map((axis) => (rows !== undefined && axis === 0 ? 1 : positions[axis]! * strides[axis]!));
  const pads = [0, 1].flatMap((axis) => {
    const total = Math.max(0, full[axis]! - size[axis]!);
    const small = Math.floor(total / 2);
    return padding === 'same' ? [small, total - small] : [total - small, small];
  });
  return { size, pads };
}

const convTranspose: OnnxRule = (tracer, node, inputs) =>
  convolveTransposed(
    tracer,
    { images: required(inputs, 0), filter: required(inputs, 1), bias: inputs[2] },
    { channels: 'first', filter: 'oihw', groups: node.number('group', 1), window: (kernel) => windowOf(node, kernel) },
    (positions, window) => transposedSize(node, positions, window),
  );

const maxPool: OnnxRule = (tracer, node, inputs) =>
  maxOfWindows(
    tracer,
    tracer.view(required(inputs, 0)),
    'first',
    windowOf(node, pair(node.numbers('kernel_shape'), 1)),
  );

const averagePool: OnnxRule = (tracer, node, inputs) =>
  meanOfWindows(tracer, tracer.view(required(inputs, 0)), 'first', {
    ...windowOf(node, pair(node.numbers('kernel_shape'), 1)),
    countPadding: node.number('count_include_pad', 0) !== 0,
  });

/** Filters and windows over images and sequences. */
export const convolutionRules: OnnxRules = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  AveragePool: averagePool,
};
