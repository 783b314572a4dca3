import { sameShape, sizeOf, type Shape } from '@ntk/tensor';
import { convolve, inBlocks, outOfBlocks } from './blocked-convolution.ts';
import type { BlockedResult } from './blocked-result.ts';
import type { Graph, Operand } from './graph.ts';

/**
 * A sum as part of the convolution that gives one of its terms: ONNX Runtime's convolutions in blocks start from given images and a number for each channel, without a pass over
 * the results. Tangents of a convolution, its bias and the shortcut around it are such sums, 11 % of a product with the Jacobian of ResNet-20.
 *
 * @returns the name of the sum, of the given shape; null if no term is a convolution that can take the other
 */
export function sumInConvolution(graph: Graph, [a, b]: readonly [Operand, Operand], shape: Shape): string | null {
  const sum = extended(graph, a, b, shape) ?? extended(graph, b, a, shape);
  return sum === null ? null : graph.reshape(outOfBlocks(graph, sum), shape);
}

function extended(graph: Graph, term: Operand, other: Operand, shape: Shape): BlockedResult | null {
  const result = graph.convolutions.get(term.name);
  if (result === undefined || !sameShape(term.shape, shape)) return null;
  const channels = result.shape[3]!;
  if (sizeOf(other.shape) === channels && other.shape.at(-1) === channels)
    return result.bias === '' ? convolve(graph, { ...result, bias: graph.reshape(other.name, [channels]) }) : null;
  if (!sameShape(other.shape, shape)) return null;
  const inner = graph.convolutions.get(other.name) ?? null;
  if (inner !== null)
    return sameShape(inner.shape, result.shape) ? withSummand(graph, result, inner.name, inner) : null;
  // To put other images in blocks takes as long as to add them.
  if (channels !== graph.channelBlock) return null;
  return withSummand(graph, result, inBlocks(graph, { name: other.name, shape: result.shape }), null);
}

/** Adds to a convolution, or to that whose result it adds. */
function withSummand(
  graph: Graph,
  result: BlockedResult,
  summand: string,
  inner: BlockedResult | null,
): BlockedResult | null {
  if (result.summand === '') return convolve(graph, { ...result, summand, inner });
  if (result.inner === null) return null;
  const extended = withSummand(graph, result.inner, summand, inner);
  return extended === null ? null : convolve(graph, { ...result, summand: extended.name, inner: extended });
}
