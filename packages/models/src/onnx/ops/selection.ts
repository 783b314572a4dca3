import { sizeOf } from '@ntk/tensor';
import { asNumber } from '../../graph/extent.ts';
import { cut, split } from '../../graph/functions/cutting.ts';
import { gatherFrom } from '../../graph/functions/gathering.ts';
import { axisOf, extentsOfTraced, pad, rankOf } from '../../graph/functions/movement.ts';
import { padByRepeating } from '../../graph/functions/padding.ts';
import { extentsIn, knownInput, numberIn, numbersIn, required } from '../../graph/operands.ts';
import { weightTensor } from '../../graph/static.ts';
import type { Traced } from '../../graph/traced.ts';
import type { OnnxRule, OnnxRules } from '../op-node.ts';

const sliceRule: OnnxRule = (tracer, _node, inputs) => {
  const operand = required(inputs, 0);
  const starts = extentsIn(knownInput(inputs, 1, 'starts'));
  const ends = extentsIn(knownInput(inputs, 2, 'ends'));
  const axes = inputs[3] ? numbersIn(knownInput(inputs, 3, 'axes'), 'an axis') : starts.map((_, i) => i);
  const steps = inputs[4] ? numbersIn(knownInput(inputs, 4, 'steps'), 'a step') : starts.map(() => 1);
  return axes.reduce<Traced>(
    (result, axis, i) =>
      cut(tracer, result, axisOf(axis, rankOf(operand)), { start: starts[i]!, end: ends[i]!, step: steps[i]! }),
    operand,
  );
};

const splitRule: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const axis = axisOf(node.number('axis', 0), rankOf(operand));
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to split');
  const count = node.number('num_outputs', node.outputs.length);
  const even = Math.ceil(extent / count);
  const sizes = inputs[1]
    ? numbersIn(knownInput(inputs, 1, 'sizes'), 'a size')
    : Array.from({ length: count }, (_, i) => Math.min(even, extent - i * even));
  return split(tracer, operand, axis, sizes);
};

const padRule: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const rank = rankOf(operand);
  const axes = inputs[3]
    ? numbersIn(knownInput(inputs, 3, 'axes'), 'an axis')
    : Array.from({ length: rank }, (_, i) => i);
  const amounts = numbersIn(knownInput(inputs, 1, 'pads'), 'an amount to pad');
  const value = inputs[2] ? numberIn(knownInput(inputs, 2, 'values'), 'a value to pad with') : 0;
  const mode = node.text('mode', 'constant');
  return axes.reduce<Traced>((result, axis, i) => {
    const [before, after] = [amounts[i]!, amounts[i + axes.length]!];
    const at = axisOf(axis, rank);
    return mode === 'constant'
      ? pad(tracer, result, at, { before, after, value })
      : padByRepeating(tracer, result, at, { before, after, mode });
  }, operand);
};

const gatherRule: OnnxRule = (tracer, node, inputs) => {
  const data = required(inputs, 0);
  const indices = required(inputs, 1);
  const axis = axisOf(node.number('axis', 0), rankOf(data));
  return gatherFrom(tracer, data, indices, axis);
};

/** A quantised weight as the real numbers that it stands for; it is as trainable as any. */
const dequantize: OnnxRule = (_tracer, node, inputs) => {
  const stored = knownInput(inputs, 0, 'quantised values');
  const [scale, zero] = [
    numbersIn(knownInput(inputs, 1, 'scales'), 'a scale'),
    inputs[2] ? numbersIn(knownInput(inputs, 2, 'zero points'), 'a zero point') : [0],
  ];
  const { shape, name } = stored;
  const axis = axisOf(node.number('axis', 1), Math.max(2, shape.length));
  const inner = sizeOf(shape.slice(axis + 1));
  const channel = (i: number): number => (scale.length === 1 ? 0 : Math.floor(i / inner) % shape[axis]!);
  const values = (): Float32Array =>
    Float32Array.from(
      numbersIn(stored, 'a value'),
      (q, i) => (q - (zero[zero.length === 1 ? 0 : channel(i)] ?? 0)) * scale[channel(i)]!,
    );
  return weightTensor(name, shape, values);
};

/** What takes parts. */
export const selectionRules: OnnxRules = {
  Slice: sliceRule,
  Split: splitRule,
  Pad: padRule,
  Gather: gatherRule,
  DequantizeLinear: dequantize,
};
