import type { ProgramBuilder } from '@ntk/tensor';
import { meanKept } from '../../layers/axes.ts';
import type { Traced, View } from '../traced.ts';
import type { Tracer } from '../tracer.ts';
import { elementwise } from './elementwise.ts';
import { rankOf, unsqueeze } from './movement.ts';
import { valueAxes } from './reduction.ts';

/** (x - mean) / √(variance + epsilon) with the moments over axes of each example. */
export function standardize(tracer: Tracer, view: View, axes: readonly number[], epsilon: number): View {
  const b = tracer.builder;
  const inner = valueAxes(view, axes);
  const centred = b.sub(view.value, meanKept(b, view.value, inner));
  const variance = meanKept(b, b.mul(centred, centred), inner);
  return { ...view, value: b.div(centred, b.unary('sqrt', b.add(variance, b.scalar(epsilon)))) };
}

/** scale · x + shift, each a vector along one axis, where given. */
export function scaleAndShift(
  tracer: Tracer,
  operand: Traced,
  options: { readonly scale: Traced | undefined; readonly shift: Traced | undefined; readonly axis: number },
): Traced {
  const { scale, shift, axis } = options;
  let result = operand;
  const along = (vector: Traced): Traced => alongAxis(tracer, vector, axis, rankOf(operand));
  if (scale) result = elementwise(tracer, [result, along(scale)], { formula: (b, [x, y]) => b.mul(x!, y!) });
  if (shift) result = elementwise(tracer, [result, along(shift)], { formula: (b, [x, y]) => b.add(x!, y!) });
  return result;
}

/** The parts of a normalisation by stored moments. */
export interface StoredMoments {
  readonly scale: Traced | undefined;
  readonly shift: Traced | undefined;
  readonly mean: Traced;
  readonly variance: Traced;
  readonly epsilon: number;
  /** The axis along which they are vectors. */
  readonly axis: number;
}

/** scale · (x - mean) / √(variance + epsilon) + shift: batch normalisation as it acts in inference. */
export function batchNormalize(tracer: Tracer, operand: Traced, moments: StoredMoments): Traced {
  const { axis, epsilon } = moments;
  const along = (vector: Traced): Traced => alongAxis(tracer, vector, axis, rankOf(operand));
  const normalize = (b: ProgramBuilder, [x, mean, variance]: readonly number[]): number =>
    b.div(b.sub(x!, mean!), b.unary('sqrt', b.add(variance!, b.scalar(epsilon))));
  const y = elementwise(tracer, [operand, along(moments.mean), along(moments.variance)], { formula: normalize });
  return scaleAndShift(tracer, y, moments);
}

/** A vector placed along one axis of `rank`. */
function alongAxis(tracer: Tracer, vector: Traced, axis: number, rank: number): Traced {
  const after = rank - 1 - axis;
  return after === 0
    ? vector
    : unsqueeze(
        tracer,
        vector,
        Array.from({ length: after }, (_, i) => i + 1),
      );
}
