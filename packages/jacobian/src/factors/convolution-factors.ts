import { sizeOf, type ProgramBuilder, type Value } from '@ntk/tensor';
import type { LinearNode } from '../rules/rule.ts';
import {
  filterShape,
  filterOfMatrix,
  responseMatrix,
  windowMatrices,
  type FilterShape,
} from '../rules/filter-product.ts';
import { onImages } from '../rules/window.ts';
import type { UseFactors } from './use.ts';

/** A node with what its factors are made of. */
interface Filtered<P extends 'conv2d' | 'conv2dTranspose'> {
  readonly node: LinearNode<P>;
  /** Of the node's result, for the c unit seeds: [c, n, rows, columns, channels]. */
  readonly cotangent: Value;
}

/** What the filter is applied to in the primal. */
function stored({ coefficients, active }: LinearNode<'conv2d' | 'conv2dTranspose'>): Value {
  return coefficients[active[0] ? 1 : 0]!;
}

/**
 * A filter is a dense layer at T = rows · columns positions whose inputs are the windows. In groups it is several, whose Jacobians are
 * summed over positions at once.
 */
export function convolutionFactors(b: ProgramBuilder, { node, cotangent }: Filtered<'conv2d'>): UseFactors {
  const filter = filterShape(node.operandShapes[1]!, node.attributes.groups);
  const windows = windowsOf(b, node, filter);
  const [n, rows, columns] = node.shape as [number, number, number];
  const c = b.shape(cotangent)[0]!;
  const positions = rows * columns;
  if (filter.groups === 1) {
    return {
      activations: windows,
      rows: null,
      sensitivities: b.reshape(cotangent, [c, n, positions, filter.written]),
      positions,
      transposed: false,
    };
  }
  // Examples take the place of right-hand sides: [n, groups, T, …] and [c · n, groups, T, …].
  const inputs = windowMatrices(b, b.reshape(windows, [n, 1, rows, columns, b.shape(windows)[2]!]), filter);
  const responses = responseMatrix(b, b.reshape(cotangent, [c * n, 1, rows, columns, node.shape[3]!]), filter);
  const split = b.reshape(responses, [c, n, ...b.shape(responses).slice(1)]);
  const product = b.matmul(inputs, split, { transposeA: true }); // [c, n, groups, taps, written]
  const matrices = b.reshape(product, [c * n, ...b.shape(product).slice(2)]);
  return {
    activations: null,
    rows: null,
    sensitivities: b.reshape(filterOfMatrix(b, matrices, filter), [c, n, 1, sizeOf(node.operandShapes[1]!)]),
    positions: 1,
    transposed: false,
  };
}

/** [n, positions, taps] */
function windowsOf(b: ProgramBuilder, node: LinearNode<'conv2d'>, filter: FilterShape): Value {
  const windows = b.patches(stored(node), { ...node.attributes, kernel: filter.kernel });
  const [n, rows, columns, taps] = b.shape(windows) as [number, number, number, number];
  return b.reshape(windows, [n, rows * columns, taps]);
}

/** The filter of a transposed convolution: responses as inputs, windows of the cotangent as sensitivities. No form is known for groups. */
export function transposedConvolutionFactors(
  b: ProgramBuilder,
  { node, cotangent }: Filtered<'conv2dTranspose'>,
): UseFactors | null {
  const { attributes } = node;
  if (attributes.groups !== 1) return null;
  const kernel = node.operandShapes[1]!.slice(0, 2);
  const windows = onImages(b, cotangent, (images) => b.patches(images, { ...attributes, kernel }));
  const [c, n, rows, columns, width] = b.shape(windows) as [number, number, number, number, number];
  const responses = stored(node);
  return {
    activations: b.reshape(responses, [n, rows * columns, b.shape(responses)[3]!]),
    rows: null,
    sensitivities: b.reshape(windows, [c, n, rows * columns, width]),
    positions: rows * columns,
    transposed: true,
  };
}
