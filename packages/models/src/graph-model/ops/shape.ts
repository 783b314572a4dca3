import { over, product, times, type Extent } from '../../graph/extent.ts';
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
import { extentsIn, knownInput, numberIn, numbersIn, required } from '../../graph/operands.ts';
import { staticTensor } from '../../graph/static.ts';
import type { StaticTensor } from '../../graph/traced.ts';
import type { GraphRule, GraphRules } from '../graph-node.ts';

const shape: GraphRule = (tracer, _node, inputs) => {
  const extents = extentsOfTraced(tracer, required(inputs, 0));
  return staticTensor('int', [extents.length], extents);
};

const rank: GraphRule = (_tracer, _node, inputs) => staticTensor('int', [], [rankOf(required(inputs, 0))]);

const size: GraphRule = (tracer, _node, inputs) =>
  staticTensor('int', [], [product(extentsOfTraced(tracer, required(inputs, 0)))]);

const fillRule: GraphRule = (tracer, _node, inputs) =>
  fill(tracer, knownInput(inputs, 1, 'values'), extentsIn(knownInput(inputs, 0, 'shapes')));

const rangeRule: GraphRule = (_tracer, _node, inputs) =>
  range([0, 1, 2].map((i) => knownInput(inputs, i, 'bounds')) as [StaticTensor, StaticTensor, StaticTensor]);

const reshapeRule: GraphRule = (tracer, _node, inputs) =>
  reshape(tracer, required(inputs, 0), extentsIn(knownInput(inputs, 1, 'shapes')));

const expandDims: GraphRule = (tracer, _node, inputs) =>
  unsqueeze(tracer, required(inputs, 0), [numberIn(knownInput(inputs, 1, 'axes'), 'an axis')]);

const squeezeRule: GraphRule = (tracer, node, inputs) => {
  const named = [...node.numbers('squeeze_dims'), ...node.numbers('axis')];
  return squeeze(tracer, required(inputs, 0), named.length === 0 ? undefined : named);
};

const transposeRule: GraphRule = (tracer, _node, inputs) =>
  transpose(tracer, required(inputs, 0), numbersIn(knownInput(inputs, 1, 'permutations'), 'an axis'));

const broadcastTo: GraphRule = (tracer, _node, inputs) =>
  expand(tracer, required(inputs, 0), extentsIn(knownInput(inputs, 1, 'shapes')));

const tileRule: GraphRule = (tracer, _node, inputs) =>
  tile(tracer, required(inputs, 0), extentsIn(knownInput(inputs, 1, 'repeats')));

/** The axis is the last input, or, in the older operation, the first. */
function concatenation(place: 'first' | 'last'): GraphRule {
  return (tracer, _node, inputs) => {
    const at = place === 'first' ? 0 : inputs.length - 1;
    const axis = numberIn(knownInput(inputs, at, 'axes'), 'an axis');
    const operands = inputs.flatMap((_, i) => (i === at ? [] : [required(inputs, i)]));
    return concatNonEmpty(tracer, operands, axis);
  };
}

/** Tensors of one shape along an axis of their own. */
const pack: GraphRule = (tracer, node, inputs) => {
  const operands = inputs.map((_, i) => required(inputs, i));
  const axis = axisOf(node.number('axis', 0), rankOf(operands[0]!) + 1);
  const lifted = operands.map((operand) => unsqueeze(tracer, operand, [axis]));
  return concatNonEmpty(tracer, lifted, axis);
};

/** Blocks of channels become blocks of positions. */
const depthToSpace: GraphRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const [n, h, w, c] = extentsOfTraced(tracer, operand) as [Extent, Extent, Extent, Extent];
  const block = node.number('block_size', 1);
  const blocks = reshape(tracer, operand, [n, h, w, block, block, over(c, block * block)], { fixedExamples: null });
  const target = [n, times(h, block), times(w, block), over(c, block * block)];
  return reshape(tracer, transpose(tracer, blocks, [0, 1, 3, 2, 4, 5]), target, { fixedExamples: null });
};

/** Blocks of positions become blocks of channels. */
const spaceToDepth: GraphRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const [n, h, w, c] = extentsOfTraced(tracer, operand) as [Extent, Extent, Extent, Extent];
  const block = node.number('block_size', 1);
  const [rows, columns] = [over(h, block), over(w, block)];
  const blocks = reshape(tracer, operand, [n, rows, block, columns, block, c], { fixedExamples: null });
  const target = [n, rows, columns, times(c, block * block)];
  return reshape(tracer, transpose(tracer, blocks, [0, 1, 3, 2, 4, 5]), target, { fixedExamples: null });
};

/** What changes shapes and orders, and arithmetic of shapes. */
export const shapeRules: GraphRules = {
  Shape: shape,
  Rank: rank,
  Size: size,
  Fill: fillRule,
  Range: rangeRule,
  Reshape: reshapeRule,
  ExpandDims: expandDims,
  Squeeze: squeezeRule,
  Transpose: transposeRule,
  BroadcastTo: broadcastTo,
  Tile: tileRule,
  Concat: concatenation('first'),
  ConcatV2: concatenation('last'),
  Pack: pack,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
