import { UnsupportedError } from '@ntk/tensor';
import { asNumber, over, product, type Extent } from '../../graph/extent.ts';
import { arithmetic } from '../../graph/functions/arithmetic.ts';
import { elementwise } from '../../graph/functions/elementwise.ts';
import { matmul } from '../../graph/functions/matmul.ts';
import {
  axisOf,
  expand,
  extentsOfTraced,
  rankOf,
  reshape,
  squeeze,
  transpose,
  unsqueeze,
} from '../../graph/functions/movement.ts';
import { concatNonEmpty, fill, range, tile } from '../../graph/functions/repeating.ts';
import { extentsIn, knownInput, numberIn, required } from '../../graph/operands.ts';
import { fold, staticTensor } from '../../graph/static.ts';
import type { StaticTensor } from '../../graph/traced.ts';
import { axesOf, type OnnxRule, type OnnxRules } from '../op-node.ts';
import { readTensor } from '../tensor-data.ts';

const shape: OnnxRule = (tracer, node, inputs) => {
  const extents = extentsOfTraced(tracer, required(inputs, 0));
  const part = extents.slice(node.number('start', 0), node.has('end') ? node.number('end', 0) : undefined);
  return staticTensor('int', [part.length], part);
};

const size: OnnxRule = (tracer, _node, inputs) =>
  staticTensor('int', [], [product(extentsOfTraced(tracer, required(inputs, 0)))]);

const constant: OnnxRule = (_tracer, node) => {
  const tensor = node.tensor('value');
  const place = {
    label: node.name,
    external: () => {
      throw new UnsupportedError('got a constant in another file, expected initializers only there');
    },
  };
  // A Constant is none of the weights that an exporter lists as such.
  if (tensor) return { ...readTensor(tensor, false, place), name: node.outputs[0]! };
  for (const [name, element] of [
    ['value_float', 'float'],
    ['value_int', 'int'],
  ] as const)
    if (node.has(name)) return staticTensor(element, [], [node.number(name, 0)], node.name);
  for (const [name, element] of [
    ['value_floats', 'float'],
    ['value_ints', 'int'],
  ] as const) {
    const values = node.numbers(name);
    if (values) return staticTensor(element, [values.length], values, node.name);
  }
  throw new UnsupportedError('got a constant that is neither numbers nor a tensor of them');
};

const constantOfShape: OnnxRule = (tracer, node, inputs) => {
  const target = extentsIn(knownInput(inputs, 0, 'shapes'));
  const tensor = node.tensor('value');
  const place = { label: node.name, external: () => new Uint8Array() };
  const filler = tensor ? readTensor(tensor, false, place) : staticTensor('float', [1], [0]);
  return fill(tracer, filler, target);
};

const rangeRule: OnnxRule = (_tracer, _node, inputs) =>
  range([0, 1, 2].map((i) => knownInput(inputs, i, 'bounds')) as [StaticTensor, StaticTensor, StaticTensor]);

const reshapeRule: OnnxRule = (tracer, node, inputs) => {
  const target = extentsIn(knownInput(inputs, 1, 'shapes'));
  return reshape(tracer, required(inputs, 0), target, { zeroCopies: node.number('allowzero', 0) === 0 });
};

const flatten: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const extents = extentsOfTraced(tracer, operand);
  const axis = node.number('axis', 1);
  const cut = axis < 0 ? axis + extents.length : axis;
  const head = product(extents.slice(0, cut));
  return reshape(tracer, operand, [head, product(extents.slice(cut))], { fixedExamples: null });
};

const transposeRule: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const reversed = Array.from({ length: rankOf(operand) }, (_, i) => rankOf(operand) - 1 - i);
  return transpose(tracer, operand, node.numbers('perm') ?? reversed);
};

const unsqueezeRule: OnnxRule = (tracer, node, inputs) =>
  unsqueeze(tracer, required(inputs, 0), axesOf(node, inputs) ?? []);

const squeezeRule: OnnxRule = (tracer, node, inputs) => squeeze(tracer, required(inputs, 0), axesOf(node, inputs));

const expandRule: OnnxRule = (tracer, _node, inputs) =>
  expand(tracer, required(inputs, 0), extentsIn(knownInput(inputs, 1, 'shapes')));

const tileRule: OnnxRule = (tracer, _node, inputs) =>
  tile(tracer, required(inputs, 0), extentsIn(knownInput(inputs, 1, 'repeats')));

const concatRule: OnnxRule = (tracer, node, inputs) =>
  concatNonEmpty(
    tracer,
    inputs.map((_, i) => required(inputs, i)),
    node.number('axis', 0),
  );

/** Blocks of channels become blocks of positions. */
const depthToSpace: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const [n, c, h, w] = extentsOfTraced(tracer, operand) as [Extent, Extent, Extent, Extent];
  const block = node.number('blocksize', 1);
  const inner = over(c, block * block);
  const isColumnRow = node.text('mode', 'DCR') === 'CRD';
  const split = isColumnRow ? [n, inner, block, block, h, w] : [n, block, block, inner, h, w];
  const order = isColumnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const blocks = transpose(tracer, reshape(tracer, operand, split), order);
  return reshape(tracer, blocks, [n, inner, product([h, block]), product([w, block])]);
};

/** Blocks of positions become blocks of channels. */
const spaceToDepth: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const [n, c, h, w] = extentsOfTraced(tracer, operand) as [Extent, Extent, Extent, Extent];
  const block = node.number('blocksize', 1);
  const split = [n, c, over(h, block), block, over(w, block), block];
  const blocks = transpose(tracer, reshape(tracer, operand, split), [0, 3, 5, 1, 2, 4]);
  return reshape(tracer, blocks, [n, product([c, block, block]), over(h, block), over(w, block)]);
};

/** A tensor whose matrices keep what lies on and above a diagonal, or on and below it; elsewhere they have zeros. */
const trilu: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const [rows, columns] = extentsOfTraced(tracer, operand)
    .slice(-2)
    .map((extent) => asNumber(extent, 'an extent of matrices')) as [number, number];
  const diagonal = inputs[1] ? numberIn(knownInput(inputs, 1, 'diagonals'), 'a diagonal') : 0;
  const isUpper = node.number('upper', 1) !== 0;
  const kept = staticTensor(
    'bool',
    [rows, columns],
    Array.from({ length: rows * columns }, (_, i) => {
      const above = (i % columns) - Math.floor(i / columns) - diagonal;
      return (isUpper ? above >= 0 : above <= 0) ? 1 : 0;
    }),
    `${isUpper ? 'upper' : 'lower'} triangle ${rows} by ${columns} from ${diagonal}`,
  );
  return elementwise(tracer, [kept, operand, staticTensor(operand.element, [], [0])], arithmetic.where);
};

/** Sums of the entries before and at each place of one axis: a product with a triangle of ones. */
const cumulativeSum: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const rank = rankOf(operand);
  const axis = axisOf(numberIn(knownInput(inputs, 1, 'axes'), 'an axis'), rank);
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to sum along');
  const [exclusive, reverse] = [node.number('exclusive', 0), node.number('reverse', 0) !== 0];
  const triangle = staticTensor(
    'float',
    [extent, extent],
    Array.from({ length: extent * extent }, (_, i) => {
      const after = ((i % extent) - Math.floor(i / extent)) * (reverse ? -1 : 1);
      return after >= exclusive ? 1 : 0;
    }),
    `triangle ${extent}${exclusive ? ' exclusive' : ''}${reverse ? ' reverse' : ''}`,
  );
  const swapped = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  const last = transpose(tracer, operand, swapped);
  const sums =
    last.kind === 'static'
      ? fold(
          [last, triangle],
          (b, [x, t]) => b.reshape(b.matmul(rank === 1 ? b.reshape(x!, [1, extent]) : x!, t!), last.shape),
          last.element,
        )
      : matmul(tracer, last, tracer.view(triangle));
  return transpose(tracer, sums, swapped);
};

/** What changes shapes and orders, and arithmetic of shapes. */
export const shapeRules: OnnxRules = {
  Shape: shape,
  Size: size,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: rangeRule,
  Reshape: reshapeRule,
  Flatten: flatten,
  Transpose: transposeRule,
  Unsqueeze: unsqueezeRule,
  Squeeze: squeezeRule,
  Expand: expandRule,
  Tile: tileRule,
  Concat: concatRule,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: trilu,
  CumSum: cumulativeSum,
};
