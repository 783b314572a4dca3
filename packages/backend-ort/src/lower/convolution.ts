import { sizeOf, type Attributes, type NodeOf, type Shape } from '@ntk/tensor';
import { blockedConvolution, isBlocked, upsideDown, type Convolution } from './blocked-convolution.ts';
import type { Graph, Operand } from './graph.ts';
import type { Rule } from './rule.ts';
import { layWindows, windowRules } from './window.ts';

type Node = NodeOf<'conv2d'>;
type TransposeNode = NodeOf<'conv2dTranspose'>;

/** Images as ONNX lays them: [n, channels, rows, columns]. */
function channelsFirst(graph: Graph, { name }: Operand): string {
  return graph.transpose(name, [0, 3, 1, 2]);
}

/**
 * Responses as Programs lay them. ONNX Runtime makes the transposition part of the convolution, unless it first moves it behind a reshape that follows;
 * Flatten stops that.
 */
function channelsLast(graph: Graph, name: string, shape: Shape): string {
  const responses = graph.transpose(name, [0, 2, 3, 1]);
  return graph.reshape(graph.node('Flatten', [responses], { axis: 1 }), shape);
}

/** [top, bottom, left, right] as ONNX orders them: all beginnings, then all ends. */
function onnxPads([top, bottom, left, right]: readonly number[]): number[] {
  return [top!, left!, bottom!, right!];
}

/** ONNX Runtime has convolutions in float32 only; in float64, and for single pixels, they are products with the windows. */
const conv2d: Rule<'conv2d'> = (graph, [images, filter], node) => {
  if (isProduct(graph, filter!, node)) return windowProduct(graph, images!, filter!, node);
  const { attributes, shape } = node;
  const pads = onnxPads(attributes.pads);
  return convolution(graph, { ...attributes, images: images!, filter: filter!, isTurned: false, pads, shape });
};

/** A convolution, in blocks of channels where it can be. */
function convolution(graph: Graph, one: Convolution & { readonly groups: number }): string {
  const { images, filter, isTurned, strides, dilations, pads, groups, shape } = one;
  if (groups === 1 && isBlocked(graph, images.shape[3]!, shape[3]!)) return blockedConvolution(graph, one);
  const attributes = { strides, pads, dilations, group: groups, kernel_shape: filter.shape.slice(0, 2) };
  const weights = isTurned ? turnedFilter(graph, filter, groups) : graph.transpose(filter.name, [3, 2, 0, 1]);
  return channelsLast(graph, graph.node('Conv', [channelsFirst(graph, images), weights], attributes), shape);
}

function isProduct(graph: Graph, { shape }: Operand, { attributes }: Node | TransposeNode): boolean {
  return graph.dtype === 'float64' || (attributes.groups === 1 && shape[0] === 1 && shape[1] === 1);
}

/** The windows times the filter, group by group. */
function windowProduct(graph: Graph, images: Operand, filter: Operand, { attributes, shape }: Node): string {
  const { groups } = attributes;
  const kernel = filter.shape.slice(0, 2);
  const windows = layWindows(graph, images, { ...attributes, kernel }, shape.slice(1, 3));
  const positions = sizeOf(shape.slice(0, 3));
  const product = graph.node('MatMul', [
    groupedRows(graph, windows.name, { positions, taps: sizeOf(kernel), groups, channels: filter.shape[2]! }),
    groupedFilter(graph, filter, groups),
  ]);
  return graph.reshape(groups === 1 ? product : graph.transpose(product, [1, 0, 2]), shape);
}

interface Rows {
  readonly positions: number;
  readonly taps: number;
  readonly groups: number;
  /** Of one group. */
  readonly channels: number;
}

/** Windows as [groups, positions, taps · channels of the group]; [positions, taps · channels] for one group. */
function groupedRows(graph: Graph, windows: string, { positions, taps, groups, channels }: Rows): string {
  if (groups === 1) return graph.reshape(windows, [positions, taps * channels]);
  const split = graph.reshape(windows, [positions, taps, groups, channels]);
  return graph.reshape(graph.transpose(split, [2, 0, 1, 3]), [groups, positions, taps * channels]);
}

/** A filter as [groups, taps · channels read, channels written]; [taps · channels, channels] for one group. */
function groupedFilter(graph: Graph, { name, shape }: Operand, groups: number): string {
  const taps = sizeOf(shape.slice(0, 3));
  if (groups === 1) return graph.reshape(name, [taps, shape[3]!]);
  return graph.transpose(graph.reshape(name, [taps, groups, shape[3]! / groups]), [1, 0, 2]);
}

/**
 * With strides of 1 this is a convolution with the filter turned around, several times faster than ONNX Runtime's ConvTranspose; in
 * float64, where both are absent, responses times the filter, added up.
 */
const conv2dTranspose: Rule<'conv2dTranspose'> = (graph, [responses, filter], node) => {
  if (isProduct(graph, filter!, node)) return foldedProduct(graph, responses!, filter!, node);
  const { strides, pads, dilations, groups } = node.attributes;
  const turnedPads = pads.map((pad, side) => dilations[side >> 1]! * (filter!.shape[side >> 1]! - 1) - pad);
  if (strides.every((stride) => stride === 1) && turnedPads.every((pad) => pad >= 0)) {
    const turned = { images: responses!, filter: filter!, isTurned: true, pads: onnxPads(turnedPads) };
    return convolution(graph, { ...turned, strides, dilations, groups, shape: node.shape });
  }
  const images = channelsFirst(graph, responses!);
  const weights = graph.transpose(filter!.name, [3, 2, 0, 1]);
  const attributes = {
    strides,
    pads: onnxPads(pads),
    dilations,
    group: groups,
    kernel_shape: filter!.shape.slice(0, 2),
    output_padding: leftOver(responses!.shape, filter!.shape, node.attributes),
  };
  return channelsLast(graph, graph.node('ConvTranspose', [images, weights], attributes), node.shape);
};

/** Rows and columns at the end of the images that no window reaches. */
function leftOver(
  responses: Shape,
  filter: Shape,
  { strides, pads, dilations, size }: Attributes['conv2dTranspose'],
): number[] {
  return [0, 1].map((axis) => {
    const reach = dilations[axis]! * (filter[axis]! - 1) + 1;
    const covered = (responses[axis + 1]! - 1) * strides[axis]! + reach;
    return size[axis]! + pads[2 * axis]! + pads[2 * axis + 1]! - covered;
  });
}

/** A filter upside down and with its channels exchanged, group by group, as ONNX lays it: [read, written of a group, rows, columns]. */
function turnedFilter(graph: Graph, filter: Operand, groups: number): string {
  const [rows, columns, read, written] = filter.shape as [number, number, number, number];
  const split = graph.reshape(upsideDown(graph, filter), [rows, columns, read, groups, written / groups]);
  return graph.reshape(graph.transpose(split, [3, 2, 4, 0, 1]), [groups * read, written / groups, rows, columns]);
}

/** fold(responses · filterᵀ). */
function foldedProduct(graph: Graph, responses: Operand, filter: Operand, node: TransposeNode): string {
  const { groups } = node.attributes;
  const [rows, columns, read, written] = filter.shape as [number, number, number, number];
  const positions = responses.shape.slice(0, 3);
  const matrix = groupedFilter(graph, filter, groups);
  const transposed = graph.transpose(matrix, groups === 1 ? [1, 0] : [0, 2, 1]);
  const split = graph.reshape(responses.name, [sizeOf(positions), groups, written / groups]);
  const left =
    groups === 1 ? graph.reshape(responses.name, [sizeOf(positions), written]) : graph.transpose(split, [1, 0, 2]);
  const product = graph.node('MatMul', [left, transposed]);
  const taps = rows * columns;
  const shape = [...positions, taps * groups * read];
  const grouped = graph.reshape(product, [groups, sizeOf(positions), taps, read]);
  const windows = graph.reshape(groups === 1 ? product : graph.transpose(grouped, [1, 2, 0, 3]), shape);
  return windowRules.fold(graph, [{ name: windows, shape }], {
    op: 'fold',
    inputs: node.inputs,
    attributes: { ...node.attributes, kernel: [rows, columns] },
    shape: node.shape,
  });
}

/** Rules of convolutions. */
export const convolutionRules: {
  readonly conv2d: Rule<'conv2d'>;
  readonly conv2dTranspose: Rule<'conv2dTranspose'>;
} = { conv2d, conv2dTranspose };
