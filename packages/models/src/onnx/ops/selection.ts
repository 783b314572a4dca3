import { ShapeError, UnsupportedError, sizeOf } from '@ntk/tensor';
import { asNumber, isPerExample, type Extent } from '../../graph/extent.ts';
import { axisOf, extentsOfTraced, gather, pad, rankOf, reshape, slice, take } from '../../graph/functions/movement.ts';
import { weightTensor } from '../../graph/static.ts';
import type { StaticTensor, Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import { extentsIn, knownInput, numberIn, numbersIn, required } from '../../graph/operands.ts';
import type { OnnxRule, OnnxRules } from '../op-node.ts';

const sliceRule: OnnxRule = (tracer, _node, inputs) => {
  const operand = required(inputs, 0);
  const starts = extentsIn(knownInput(inputs, 1, 'starts'));
  const ends = extentsIn(knownInput(inputs, 2, 'ends'));
  const axes = inputs[3] ? numbersIn(knownInput(inputs, 3, 'axes'), 'an axis') : starts.map((_, i) => i);
  const steps = inputs[4] ? numbersIn(knownInput(inputs, 4, 'steps'), 'a step') : starts.map(() => 1);
  return axes.reduce<Traced>((result, axis, i) => {
    const at = axisOf(axis, rankOf(operand));
    const extent = extentsOfTraced(tracer, result)[at]!;
    const bounds = { start: starts[i]!, end: ends[i]!, step: steps[i]! };
    return isWhole(bounds, extent)
      ? result
      : slice(tracer, result, at, clamped(bounds, asNumber(extent, 'an axis to cut')));
  }, operand);
};

/** Larger numbers mean the end of an axis. */
const TO_THE_END = 2 ** 31 - 1;

interface Bounds {
  readonly start: Extent;
  readonly end: Extent;
  readonly step: number;
}

/** An axis of examples may only be taken as a whole. */
function isWhole({ start, end, step }: Bounds, extent: Extent): boolean {
  if (start !== 0 || step !== 1) return false;
  if (isPerExample(end)) return isPerExample(extent) && end.perExample >= extent.perExample;
  return end >= TO_THE_END || end === extent;
}

function clamped(bounds: Bounds, extent: number): { start: number; end: number; step: number } {
  const { step } = bounds;
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (value: Extent): number => {
    const number = asNumber(value, 'a bound of a slice');
    return Math.min(high, Math.max(low, number < 0 ? number + extent : number));
  };
  const start = clamp(bounds.start);
  const end = clamp(bounds.end);
  return { start, end: step > 0 ? Math.max(start, end) : end, step };
}

const split: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const axis = axisOf(node.number('axis', 0), rankOf(operand));
  const extent = asNumber(extentsOfTraced(tracer, operand)[axis]!, 'an axis to split');
  const count = node.number('num_outputs', node.outputs.length);
  const even = Math.ceil(extent / count);
  const sizes = inputs[1]
    ? numbersIn(knownInput(inputs, 1, 'sizes'), 'a size')
    : Array.from({ length: count }, (_, i) => Math.min(even, extent - i * even));
  if (sizes.reduce((a, c) => a + c, 0) !== extent)
    throw new ShapeError(`got the sizes [${sizes.join(', ')}] of ${extent}, expected them to add up`);
  let start = 0;
  return sizes.map((each) => {
    const part = slice(tracer, operand, axis, { start, end: start + each });
    start += each;
    return part;
  });
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
    if (before === 0 && after === 0) return result;
    if (mode === 'constant') return pad(tracer, result, at, { before, after, value });
    return take(
      tracer,
      result,
      at,
      places(mode, asNumber(extentsOfTraced(tracer, result)[at]!, 'an axis to pad'), before, after),
    );
  }, operand);
};

/** Which entries a padding repeats. */
function places(mode: string, extent: number, before: number, after: number): number[] {
  const turn = 2 * (extent - 1) || 1;
  const at: Readonly<Record<string, (place: number) => number>> = {
    edge: (place) => Math.min(extent - 1, Math.max(0, place)),
    wrap: (place) => ((place % extent) + extent) % extent,
    reflect: (place) => {
      const within = ((place % turn) + turn) % turn;
      return within < extent ? within : turn - within;
    },
  };
  const find = at[mode];
  if (find === undefined)
    throw new UnsupportedError(`got the mode '${mode}', expected constant, reflect, edge or wrap`);
  return Array.from({ length: before + extent + after }, (_, i) => find(i - before));
}

const gatherRule: OnnxRule = (tracer, node, inputs) => {
  const data = required(inputs, 0);
  const indices = required(inputs, 1);
  const axis = axisOf(node.number('axis', 0), rankOf(data));
  if (indices.kind === 'static') return pick(tracer, data, indices, axis);
  const isTable = data.kind === 'static' && data.weight !== undefined && data.shape.length >= 2;
  return gather(tracer, isTable ? tracer.weight(data) : tracer.view(data), indices, axis);
};

/** Entries at places that are known while the graph is read. */
function pick(tracer: Tracer, data: Traced, indices: StaticTensor, axis: number): Traced {
  const extents = extentsOfTraced(tracer, data);
  const extent = asNumber(extents[axis]!, 'an axis to pick from');
  const taken = numbersIn(indices, 'an index').map((index) => (index < 0 ? index + extent : index));
  if (taken.some((index) => index < 0 || index >= extent))
    throw new ShapeError(`got the index ${taken.join(', ')}, expected 0 to ${extent - 1}`);
  if (indices.shape.length === 0) return take(tracer, data, axis, taken, { drop: true });
  const flat = take(tracer, data, axis, taken);
  return indices.shape.length === 1
    ? flat
    : reshape(tracer, flat, [...extents.slice(0, axis), ...indices.shape, ...extents.slice(axis + 1)], {
        fixedExamples: null,
      });
}

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
  Split: split,
  Pad: padRule,
  Gather: gatherRule,
  DequantizeLinear: dequantize,
};
