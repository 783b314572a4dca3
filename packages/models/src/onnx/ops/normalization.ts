import { ShapeError, UnsupportedError } from '@ntk/tensor';
import { asNumber, type Extent } from '../../graph/extent.ts';
import { pointwise } from '../../graph/functions/elementwise.ts';
import { axisOf, extentsOfTraced, rankOf, reshape } from '../../graph/functions/movement.ts';
import { batchNormalize, scaleAndShift, standardize } from '../../graph/functions/normalize.ts';
import { reduce, reductions } from '../../graph/functions/reduction.ts';
import { arithmetic } from '../../graph/functions/arithmetic.ts';
import { elementwise } from '../../graph/functions/elementwise.ts';
import type { Traced } from '../../graph/traced.ts';
import type { Tracer } from '../../graph/tracer.ts';
import { isMadeUp } from '../../graph/weight-layers.ts';
import { required } from '../../graph/operands.ts';
import type { OnnxRule, OnnxRules } from '../op-node.ts';

/** A weight in a slot for scale or shift, or nothing. */
function slot(tracer: Tracer, traced: Traced | undefined): Traced | undefined {
  return traced && tracer.weight(traced);
}

const batch: OnnxRule = (tracer, node, inputs) => {
  if (node.number('training_mode', 0) !== 0)
    throw new UnsupportedError(
      'got training_mode = 1, which normalises by the moments of a batch, expected stored ones; export the model in evaluation mode',
    );
  return batchNormalize(tracer, required(inputs, 0), {
    scale: slot(tracer, required(inputs, 1)),
    shift: slot(tracer, required(inputs, 2)),
    mean: tracer.buffer(required(inputs, 3)),
    variance: tracer.buffer(required(inputs, 4)),
    epsilon: node.number('epsilon', 1e-5),
    axis: 1,
  });
};

/** Axes from one to the last. */
function from(axis: number, rank: number): number[] {
  return Array.from({ length: rank - axis }, (_, i) => axis + i);
}

const layer: OnnxRule = (tracer, node, inputs) => {
  const view = tracer.view(required(inputs, 0));
  const axes = from(axisOf(node.number('axis', -1), rankOf(view)), rankOf(view));
  const y = standardize(tracer, view, axes, node.number('epsilon', 1e-5));
  return scaleAndShift(tracer, y, {
    scale: slot(tracer, inputs[1]),
    shift: slot(tracer, inputs[2]),
    axis: rankOf(view) - 1,
  });
};

/** x / √(mean of squares + epsilon) · scale. */
const rms: OnnxRule = (tracer, node, inputs) => {
  const view = tracer.view(required(inputs, 0));
  const axes = from(axisOf(node.number('axis', -1), rankOf(view)), rankOf(view));
  const squares = pointwise(tracer, view, (b, x) => b.mul(x, x));
  const mean = reduce(tracer, tracer.view(squares), { axes, keep: true, by: reductions.mean });
  const root = pointwise(tracer, mean, (b, x) => b.unary('sqrt', b.add(x, b.scalar(node.number('epsilon', 1e-5)))));
  const y = elementwise(tracer, [view, root], arithmetic.div);
  return scaleAndShift(tracer, y, { scale: slot(tracer, inputs[1]), shift: undefined, axis: rankOf(view) - 1 });
};

/** The same where exporters also put ones and zeros that they made up: a group normalisation in older words. */
function namedSlot(tracer: Tracer, traced: Traced | undefined): Traced | undefined {
  const isMade = traced?.kind === 'static' && traced.weight && isMadeUp(traced.weight.name);
  return isMade ? traced : slot(tracer, traced);
}

const instance: OnnxRule = (tracer, node, inputs) => {
  const view = tracer.view(required(inputs, 0));
  const y = standardize(tracer, view, from(2, rankOf(view)), node.number('epsilon', 1e-5));
  const [scale, shift] = [namedSlot(tracer, inputs[1]), namedSlot(tracer, inputs[2])];
  return scaleAndShift(tracer, y, { scale, shift, axis: 1 });
};

const group: OnnxRule = (tracer, node, inputs) => {
  const operand = required(inputs, 0);
  const extents = extentsOfTraced(tracer, operand);
  const groups = node.number('num_groups', 1);
  const channels = asNumber(extents[1]!, 'a number of channels');
  if (channels % groups !== 0)
    throw new ShapeError(`got ${channels} channels in ${groups} groups, expected groups of equal size`);
  const split: Extent[] = [extents[0]!, groups, channels / groups, ...extents.slice(2)];
  const view = tracer.view(reshape(tracer, operand, split, { fixedExamples: null }));
  const y = standardize(tracer, view, from(2, split.length), node.number('epsilon', 1e-5));
  const options = { scale: slot(tracer, inputs[1]), shift: slot(tracer, inputs[2]), axis: 1 };
  // Until operator set 20 scale and shift are those of groups, then of channels.
  if (node.opset < 21) return reshape(tracer, scaleAndShift(tracer, y, options), extents, { fixedExamples: null });
  return scaleAndShift(tracer, reshape(tracer, y, extents, { fixedExamples: null }), options);
};

/** Normalisations. */
export const normalizationRules: OnnxRules = {
  BatchNormalization: batch,
  LayerNormalization: layer,
  RMSNormalization: rms,
  InstanceNormalization: instance,
  GroupNormalization: group,
};
