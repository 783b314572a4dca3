import { z } from 'zod';
import { activate, readActivation } from '../activations/activation.ts';
import { elu as eluFunction, leakyRelu as leakyReluFunction } from '../activations/functions.ts';
import { softmax as softmaxFunction } from '../activations/softmax.ts';
import { checkJson } from '../json.ts';
import { axisOf } from './axes.ts';
import { onlyInput, pointwiseLayer, type LayerKind } from './layer.ts';
import { refuseMask } from './masks.ts';

/** Any activation by name. */
export const activation: LayerKind = (config, context) => {
  const function_ = readActivation(config['activation'], context);
  return pointwiseLayer(function_);
};

const reluSchema = z.object({
  max_value: z.number().nullish(),
  negative_slope: z.number().nullish(),
  threshold: z.number().nullish(),
});

/** max_value above it, x from the threshold on, negative_slope · (x - threshold) below. */
export const relu: LayerKind = (config, context) => {
  const { max_value: limit, negative_slope: slope, threshold } = checkJson(reluSchema, config, context.place);
  return pointwiseLayer(({ builder: b }, x) => {
    const cut = threshold ?? 0;
    const shifted = cut === 0 ? x : b.sub(x, b.scalar(cut));
    let y: number;
    if (slope) y = leakyReluFunction(b, shifted, b.scalar(slope));
    else y = b.unary('relu', shifted);
    if (cut !== 0) y = b.where(b.binary('greaterEqual', x, b.scalar(cut)), x, slope ? y : b.scalar(0));
    return limit === null || limit === undefined ? y : b.binary('minimum', y, b.scalar(limit));
  });
};

// Keras 3 renamed alpha to negative_slope.
const leakySchema = z.object({ alpha: z.number().optional(), negative_slope: z.number().optional() });

/** x where x > 0, else alpha · x. */
export const leakyRelu: LayerKind = (config, context) => {
  const { alpha, negative_slope: slope } = checkJson(leakySchema, config, context.place);
  return pointwiseLayer(({ builder }, x) => leakyReluFunction(builder, x, builder.scalar(slope ?? alpha ?? 0.3)));
};

const eluSchema = z.object({ alpha: z.number().default(1) });

/** x where x > 0, else alpha · (eˣ - 1). */
export const elu: LayerKind = (config, context) => {
  const { alpha } = checkJson(eluSchema, config, context.place);
  return pointwiseLayer(({ builder }, x) => eluFunction(builder, x, alpha));
};

const thresholdedSchema = z.object({ theta: z.number().default(1) });

/** x where x > theta, else 0. */
export const thresholdedRelu: LayerKind = (config, context) => {
  const { theta } = checkJson(thresholdedSchema, config, context.place);
  return pointwiseLayer(({ builder: b }, x) => b.where(b.binary('greater', x, b.scalar(theta)), x, b.scalar(0)));
};

const preluSchema = z.object({ shared_axes: z.union([z.array(z.int()), z.int()]).nullish() });

/** x where x > 0, else alpha · x with a learned alpha, of the shape of an example with extent 1 along shared axes. */
export const prelu: LayerKind = (config, context) => {
  const { shared_axes: sharedAxes } = checkJson(preluSchema, config, context.place);
  const shared = [sharedAxes ?? []].flat();
  return {
    slots: [{ name: 'alpha', trainable: true }],
    pointwise: false,
    masking: 'passes on',
    emit: (call) => {
      const x = onlyInput(call);
      const shape = call.builder.shape(x);
      const axes = shared.map((axis) => axisOf(axis, shape));
      const alpha = call.weight('alpha', shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)).slice(1));
      return leakyReluFunction(call.builder, x, alpha);
    },
  };
};

const softmaxSchema = z.object({ axis: z.union([z.int(), z.array(z.int())]).default(-1) });

/** exp(x) / Σ exp(x) over one axis, the last by default, or over several. */
export const softmax: LayerKind = (config, context) => {
  const { axis } = checkJson(softmaxSchema, config, context.place);
  return {
    slots: [],
    pointwise: axis === -1,
    emit: (call) => {
      refuseMask(call);
      const x = onlyInput(call);
      const shape = call.builder.shape(x);
      const axes = [axis].flat().map((one) => axisOf(one, shape));
      const overLast = axes.length === 1 && axes[0] === shape.length - 1;
      return overLast ? activate(call, 'softmax', x, context.kerasVersion) : softmaxFunction(call.builder, x, axes);
    },
  };
};

const rescalingSchema = z.object({ scale: z.number(), offset: z.number().default(0) });

/** scale · x + offset. */
export const rescaling: LayerKind = (config, context) => {
  const { scale, offset } = checkJson(rescalingSchema, config, context.place);
  return pointwiseLayer(({ builder: b }, x) => b.add(b.mul(x, b.scalar(scale)), b.scalar(offset)));
};

/** What only acts in training: dropout, noise and changes of images. */
export const identity: LayerKind = () => pointwiseLayer((_call, x) => x);
