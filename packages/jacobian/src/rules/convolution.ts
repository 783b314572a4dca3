import type { Attributes, ProgramBuilder, Value, Window } from '@ntk/tensor';
import { addTerms } from './align.ts';
import {
  filterMatrix,
  filterOfMatrix,
  filterShape,
  responseMatrix,
  responsesOfMatrix,
  single,
  windowMatrices,
  windowsOfMatrices,
  type FilterShape,
} from './filter-product.ts';
import type { LinearNode, LinearRule } from './rule.ts';
import { onImages } from './window.ts';

/**
 * d conv(x, w) = conv(dx, w) + P · dw with P the windows of x, laid out once: the tangent in the filter is one product of matrices, and
 * so is its transpose, Pᵀ · g. Stored are w (where x is active) and P (where w is).
 */
export const conv2dRule: LinearRule<'conv2d'> = {
  coefficients: (b, { operands: [x, w], attributes, active }) => [
    ...(active[0] ? [w!] : []),
    ...(active[1] ? [b.patches(x!, windowOf(b.shape(w!), attributes))] : []),
  ],
  tangent: (b, node, [tx, tw]) => {
    const filter = filterOf(node);
    const ofImages = (): Value => onImages(b, tx!, (images) => b.conv2d(images, storedFilter(node), node.attributes));
    const ofFilter = (): Value => {
      const product = b.matmul(storedWindows(b, node, filter), filterMatrix(b, tw!, filter));
      return responsesOfMatrix(b, product, filter.groups, node.shape);
    };
    return addTerms(b, [tx === null ? null : ofImages(), tw === null ? null : ofFilter()]);
  },
  cotangent: (b, node, g) => {
    const { active, attributes } = node;
    const filter = filterOf(node);
    const size = node.operandShapes[0]!.slice(1, 3);
    const ofImages = (): Value =>
      onImages(b, g, (images) => b.conv2dTranspose(images, storedFilter(node), { ...attributes, size }));
    const ofFilter = (): Value => {
      const windows = storedWindows(b, node, filter);
      return filterOfMatrix(b, b.matmul(windows, responseMatrix(b, g, filter), { transposeA: true }), filter);
    };
    return [active[0] ? ofImages() : null, active[1] ? ofFilter() : null];
  },
};

/**
 * The transposed convolution of y is linear in y, with conv as its transpose; in w it is fold(y · dwᵀ), transposed: the windows of the
 * cotangent times y. Stored are w (where y is active) and y (where w is).
 */
export const conv2dTransposeRule: LinearRule<'conv2dTranspose'> = {
  coefficients: (_b, { operands: [y, w], active }) => [...(active[0] ? [w!] : []), ...(active[1] ? [y!] : [])],
  tangent: (b, node, [ty, tw]) => {
    const { attributes } = node;
    const filter = filterOf(node);
    const ofResponses = (): Value =>
      onImages(b, ty!, (images) => b.conv2dTranspose(images, storedFilter(node), attributes));
    const ofFilter = (): Value => {
      const product = b.matmul(storedResponses(b, node, filter), filterMatrix(b, tw!, filter), { transposeB: true });
      return onImages(b, windowsOfMatrices(b, product, node.operandShapes[0]!.slice(0, 3), filter), (windows) =>
        b.fold(windows, { ...attributes, kernel: filter.kernel }),
      );
    };
    return addTerms(b, [ty === null ? null : ofResponses(), tw === null ? null : ofFilter()]);
  },
  cotangent: (b, node, g) => {
    const { active, attributes } = node;
    const filter = filterOf(node);
    const ofResponses = (): Value => onImages(b, g, (images) => b.conv2d(images, storedFilter(node), attributes));
    const ofFilter = (): Value => {
      const windows = onImages(b, g, (images) => b.patches(images, { ...attributes, kernel: filter.kernel }));
      const matrices = windowMatrices(b, windows, filter);
      const product = b.matmul(matrices, storedResponses(b, node, filter), { transposeA: true });
      return filterOfMatrix(b, product, filter);
    };
    return [active[0] ? ofResponses() : null, active[1] ? ofFilter() : null];
  },
};

type Convolution = 'conv2d' | 'conv2dTranspose';

function windowOf(filter: readonly number[], { strides, pads, dilations }: Attributes['conv2d']): Window {
  return { strides, pads, dilations, kernel: filter.slice(0, 2) };
}

function filterOf({ attributes, operandShapes }: LinearNode<Convolution>): FilterShape {
  return filterShape(operandShapes[1]!, attributes.groups);
}

function storedFilter(node: LinearNode<Convolution>): Value {
  return node.coefficients[0]!;
}

/** What the filter is multiplied with: the windows of x, or y. */
function storedData(node: LinearNode<Convolution>): Value {
  return node.coefficients[node.active[0] ? 1 : 0]!;
}

/** The windows of x as matrices [groups, n · positions, kernel · read]. */
function storedWindows(b: ProgramBuilder, node: LinearNode<'conv2d'>, filter: FilterShape): Value {
  return single(b, windowMatrices(b, asOne(b, storedData(node)), filter));
}

/** y as matrices [groups, n · positions, written]. */
function storedResponses(b: ProgramBuilder, node: LinearNode<'conv2dTranspose'>, filter: FilterShape): Value {
  return single(b, responseMatrix(b, asOne(b, storedData(node)), filter));
}

/** One right-hand side: [1, …shape]. */
function asOne(b: ProgramBuilder, x: Value): Value {
  return b.reshape(x, [1, ...b.shape(x)]);
}
