import { ShapeError, sizeOf, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson } from '../json.ts';
import { axisOf, meanKept } from './axes.ts';
import { onlyInput, type LayerCall, type LayerKind } from './layer.ts';

const axisSchema = z.union([z.int(), z.array(z.int()).min(1)]).default(-1);
const batchSchema = z.object({
  axis: axisSchema,
  epsilon: z.number().default(1e-3),
  center: z.boolean().default(true),
  scale: z.boolean().default(true),
});

/**
 * gamma · (x - moving_mean) / √(moving_variance + epsilon) + beta: batch normalisation as it acts in inference.
 * Its moving statistics are not trainable. Source: Ioffe & Szegedy (2015), algorithm 2.
 */
export const batchNormalization: LayerKind = (config, context) => {
  const { axis, epsilon, center, scale } = checkJson(batchSchema, config, context.place);
  return {
    slots: [
      ...(scale ? [{ name: 'gamma', trainable: true }] : []),
      ...(center ? [{ name: 'beta', trainable: true }] : []),
      { name: 'moving_mean', trainable: false },
      { name: 'moving_variance', trainable: false },
    ],
    pointwise: false,
    masking: 'passes on',
    emit: (call) => {
      const { builder: b } = call;
      const x = onlyInput(call);
      const read = channelWeights(call, b.shape(x), axis);
      const deviation = b.unary('sqrt', b.add(read('moving_variance'), b.scalar(epsilon)));
      let y = b.div(b.sub(x, read('moving_mean')), deviation);
      if (scale) y = b.mul(y, read('gamma'));
      return center ? b.add(y, read('beta')) : y;
    },
  };
};

const layerSchema = batchSchema.extend({ rms_scaling: z.literal(false).default(false) });

/** gamma · (x - mean) / √(variance + epsilon) + beta with the moments of each example. Source: Ba et al. (2016). */
export const layerNormalization: LayerKind = (config, context) => {
  const { axis, epsilon, center, scale } = checkJson(layerSchema, config, context.place);
  return {
    slots: [
      ...(scale ? [{ name: 'gamma', trainable: true }] : []),
      ...(center ? [{ name: 'beta', trainable: true }] : []),
    ],
    pointwise: axis === -1,
    emit: (call) => {
      const { builder: b } = call;
      const x = onlyInput(call);
      const shape = b.shape(x);
      const axes = [axis].flat().map((one) => axisOf(one, shape));
      const read = channelWeights(call, shape, axis);
      let y = standardized(b, x, axes, epsilon);
      if (scale) y = b.mul(y, read('gamma'));
      return center ? b.add(y, read('beta')) : y;
    },
  };
};

const groupSchema = batchSchema.extend({ groups: z.int().min(-1).default(32), axis: z.int().default(-1) });

/**
 * gamma · (x - mean) / √(variance + epsilon) + beta with the moments of each example's groups of channels; -1 is a group a channel.
 * Source: Wu & He (2018).
 */
export const groupNormalization: LayerKind = (config, context) => {
  const { axis, epsilon, center, scale, groups: given } = checkJson(groupSchema, config, context.place);
  return {
    slots: [
      ...(scale ? [{ name: 'gamma', trainable: true }] : []),
      ...(center ? [{ name: 'beta', trainable: true }] : []),
    ],
    pointwise: false,
    emit: (call) => {
      const { builder: b } = call;
      const x = onlyInput(call);
      const shape = b.shape(x);
      const at = axisOf(axis, shape);
      const channels = shape[at]!;
      const groups = given === -1 ? channels : given;
      if (groups < 1 || channels % groups !== 0) {
        throw new ShapeError(`got ${groups} groups of ${channels} channels, expected a number that divides them`);
      }
      const before = sizeOf(shape.slice(1, at));
      const split = b.reshape(x, [-1, before, groups, channels / groups, sizeOf(shape.slice(at + 1))]);
      const normalized = b.reshape(standardized(b, split, [1, 3, 4], epsilon), [-1, ...shape.slice(1)]);
      const read = channelWeights(call, shape, axis);
      const scaled = scale ? b.mul(normalized, read('gamma')) : normalized;
      return center ? b.add(scaled, read('beta')) : scaled;
    },
  };
};

const numbers = z.union([z.number(), z.array(z.number())]).nullish();
const storedSchema = z.object({
  axis: z.union([z.int(), z.array(z.int())]).nullish(),
  mean: numbers,
  variance: numbers,
  invert: z.boolean().default(false),
});

/** Keras divides by no smaller deviation. */
const LEAST_DEVIATION = 1e-7;

/** (x - mean) / √variance with the moments of the training inputs, or its inverse: Keras' layer for the standardisation of inputs. */
export const storedNormalization: LayerKind = (config, context) => {
  const { axis = -1, mean, variance, invert } = checkJson(storedSchema, config, context.place);
  const isGiven = typeof mean === 'number' && typeof variance === 'number';
  if (!isGiven && (mean ?? variance) !== undefined && (mean ?? variance) !== null)
    context.unsupported('a list of moments in its configuration', 'moments among the weights, or one number each');
  return {
    slots: isGiven ? [] : ['mean', 'variance'].map((name) => ({ name, trainable: false })),
    pointwise: false,
    masking: 'passes on',
    emit: (call) => {
      const { builder: b } = call;
      const x = onlyInput(call);
      const read = axis === null ? (slot: string) => call.weight(slot, []) : channelWeights(call, b.shape(x), axis);
      const [centre, square] = isGiven ? [b.scalar(mean), b.scalar(variance)] : [read('mean'), read('variance')];
      const deviation = b.binary('maximum', b.unary('sqrt', square), b.scalar(LEAST_DEVIATION));
      return invert ? b.add(centre, b.mul(x, deviation)) : b.div(b.sub(x, centre), deviation);
    },
  };
};

/** (x - mean) / √(variance + epsilon) with the moments over some axes of each example. */
function standardized(b: ProgramBuilder, x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = b.sub(x, meanKept(b, x, axes));
  const variance = meanKept(b, b.mul(centred, centred), axes);
  return b.div(centred, b.unary('sqrt', b.add(variance, b.scalar(epsilon))));
}

/** Reads weights that have the extents of some axes of an example, shaped to broadcast against it. */
function channelWeights(call: LayerCall, shape: Shape, axis: number | readonly number[]): (slot: string) => number {
  const axes = [axis].flat().map((one) => axisOf(one, shape));
  const stored = axes.map((one) => shape[one]!);
  const last = Math.min(...axes);
  const spread = shape.slice(last).map((extent, i) => (axes.includes(i + last) ? extent : 1));
  return (slot) => call.builder.reshape(call.weight(slot, stored), spread);
}
