import { ShapeError, UnsupportedError } from '@ntk/tensor';
import { asNumber, plus } from '../../graph/extent.ts';
import { arithmetic } from '../../graph/functions/arithmetic.ts';
import { cut, split } from '../../graph/functions/cutting.ts';
import { elementwise } from '../../graph/functions/elementwise.ts';
import { gatherFrom } from '../../graph/functions/gathering.ts';
import { axisOf, extentsOfTraced, pad, rankOf, squeeze, unsqueeze } from '../../graph/functions/movement.ts';
import { padByRepeating } from '../../graph/functions/padding.ts';
import { extentsIn, knownInput, numberIn, numbersIn, required } from '../../graph/operands.ts';
import { staticTensor } from '../../graph/static.ts';
import type { Traced } from '../../graph/traced.ts';
import type { GraphRule, GraphRules } from '../graph-node.ts';
import { stridedSlice } from './strided-slice.ts';

/** -1 as a size is the rest. */
const slice: GraphRule = (tracer, _node, inputs) => {
  const starts = extentsIn(knownInput(inputs, 1, 'starts'));
  const sizes = extentsIn(knownInput(inputs, 2, 'sizes'));
  return starts.reduce<Traced>(
    (result, start, axis) => {
      const extent = extentsOfTraced(tracer, result)[axis]!;
      const end = sizes[axis] === -1 ? extent : plus(start, sizes[axis]!);
      return cut(tracer, result, axis, { start, end, step: 1 });
    },
    required(inputs, 0),
  );
};

/** Parts of equal size; the axis is the first input. */
const splitEvenly: GraphRule = (tracer, node, inputs) => {
  const operand = required(inputs, 1);
  const axis = axisOf(numberIn(knownInput(inputs, 0, 'axes'), 'an axis'), rankOf(operand));
  const count = node.number('num_split', 1);
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to split');
  const size = extent / count;
  if (!Number.isInteger(size) || size < 1)
    throw new ShapeError(`got ${extent} entries in ${count} parts, expected parts of equal size`);
  return split(
    tracer,
    operand,
    axis,
    Array.from({ length: count }, () => size),
  );
};

/** One of the sizes may be -1, the rest. */
const splitBySizes: GraphRule = (tracer, _node, inputs) => {
  const operand = required(inputs, 0);
  const axis = axisOf(numberIn(knownInput(inputs, 2, 'axes'), 'an axis'), rankOf(operand));
  const sizes = numbersIn(knownInput(inputs, 1, 'sizes'), 'a size');
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to split');
  const rest = extent - sizes.reduce((sum, each) => sum + Math.max(0, each), 0);
  return split(
    tracer,
    operand,
    axis,
    sizes.map((each) => (each === -1 ? rest : each)),
  );
};

const unpack: GraphRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const axis = axisOf(node.number('axis', 0), rankOf(operand));
  const count = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to take apart');
  const parts = split(tracer, operand, axis, new Array<number>(count).fill(1));
  return parts.map((part) => squeeze(tracer, part, [axis]));
};

/** Amounts [before, after] for each axis. */
function amountsOf(inputs: readonly (Traced | undefined)[]): [before: number, after: number][] {
  const amounts = numbersIn(knownInput(inputs, 1, 'paddings'), 'an amount to pad');
  return Array.from({ length: amounts.length / 2 }, (_, axis) => [amounts[2 * axis]!, amounts[2 * axis + 1]!]);
}

const padRule: GraphRule = (tracer, _node, inputs) => {
  const value = inputs[2] ? numberIn(knownInput(inputs, 2, 'values'), 'a value to pad with') : 0;
  return amountsOf(inputs).reduce<Traced>(
    (result, [before, after], axis) => pad(tracer, result, axis, { before, after, value }),
    required(inputs, 0),
  );
};

const mirrorPad: GraphRule = (tracer, node, inputs) => {
  const mode = node.text('mode', 'REFLECT').toLowerCase();
  return amountsOf(inputs).reduce<Traced>(
    (result, [before, after], axis) => padByRepeating(tracer, result, axis, { before, after, mode }),
    required(inputs, 0),
  );
};

const gather: GraphRule = (tracer, node, inputs) => {
  const data = required(inputs, 0);
  const batch = node.number('batch_dims', 0);
  if (batch !== 0) throw new UnsupportedError(`got batch_dims = ${batch}, expected 0`);
  const axis = inputs[2] ? numberIn(knownInput(inputs, 2, 'axes'), 'an axis') : 0;
  return gatherFrom(tracer, data, required(inputs, 1), axisOf(axis, rankOf(data)));
};

/** 'on' where an index is the place along a new axis, 'off' elsewhere. */
const oneHot: GraphRule = (tracer, node, inputs) => {
  const indices = required(inputs, 0);
  const depth = numberIn(knownInput(inputs, 1, 'depths'), 'a depth');
  const [on, off] = [2, 3].map((index) => numberIn(knownInput(inputs, index, 'values'), 'a value'));
  const rank = rankOf(indices) + 1;
  const axis = axisOf(node.number('axis', -1), rank);
  const places = staticTensor(
    'int',
    Array.from({ length: rank }, (_, other) => (other === axis ? depth : 1)),
    Array.from({ length: depth }, (_, i) => i),
    `${node.name}/places`,
  );
  const found = elementwise(tracer, [unsqueeze(tracer, indices, [axis]), places], arithmetic.equal);
  const choice = [found, staticTensor('float', [], [on!]), staticTensor('float', [], [off!])];
  return elementwise(tracer, choice, arithmetic.where);
};

/** What takes parts. */
export const selectionRules: GraphRules = {
  Slice: slice,
  StridedSlice: stridedSlice,
  Split: splitEvenly,
  SplitV: splitBySizes,
  Unpack: unpack,
  Pad: padRule,
  PadV2: padRule,
  MirrorPad: mirrorPad,
  Gather: gather,
  GatherV2: gather,
  OneHot: oneHot,
};
