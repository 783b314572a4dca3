import { ShapeError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson } from '../json.ts';
import { axisOf, formatExample } from './axes.ts';
import type { Layer, LayerCall, LayerKind } from './layer.ts';
import { refuseMask } from './masks.ts';

/** A layer that folds any number of inputs of one rank elementwise, with broadcasting. */
function elementwise(fold: (b: ProgramBuilder, inputs: readonly Value[]) => Value): LayerKind {
  return () => ({
    slots: [],
    pointwise: false,
    masking: 'passes on',
    emit: (call) => fold(call.builder, sameRank(call)),
  });
}

function pairwise(f: (b: ProgramBuilder, a: Value, c: Value) => Value): LayerKind {
  return elementwise((b, inputs) => inputs.reduce((a, c) => f(b, a, c)));
}

/** The sum of the inputs. */
export const add: LayerKind = pairwise((b, a, c) => b.add(a, c));
/** The product of the inputs, entry by entry. */
export const multiply: LayerKind = pairwise((b, a, c) => b.mul(a, c));
/** The largest of the inputs, entry by entry. */
export const maximum: LayerKind = pairwise((b, a, c) => b.binary('maximum', a, c));
/** The smallest of the inputs, entry by entry. */
export const minimum: LayerKind = pairwise((b, a, c) => b.binary('minimum', a, c));

/** The first of two inputs minus the second. */
export const subtract: LayerKind = elementwise((b, inputs) => {
  if (inputs.length !== 2) throw new ShapeError(`got ${inputs.length} inputs, expected two`);
  return b.sub(inputs[0]!, inputs[1]!);
});

/** The mean of the inputs. */
export const average: LayerKind = elementwise((b, inputs) => {
  const sum = inputs.reduce((a, c) => b.add(a, c));
  return b.div(sum, b.scalar(inputs.length));
});

const concatenateSchema = z.object({ axis: z.int().default(-1) });

/** The inputs one after the other along an axis. */
export const concatenate: LayerKind = (config, context): Layer => {
  const { axis } = checkJson(concatenateSchema, config, context.place);
  return {
    slots: [],
    pointwise: false,
    masking: 'passes on',
    emit: (call) => {
      const inputs = sameRank(call);
      const shape = call.builder.shape(inputs[0]!);
      const at = axisOf(axis, shape);
      // Joined along their steps, sequences would need joined masks.
      if (at < shape.length - 1) refuseMask(call);
      return call.builder.concat(inputs, at);
    },
  };
};

function sameRank({ builder, inputs }: LayerCall): readonly Value[] {
  const shapes = inputs.map((value) => builder.shape(value));
  if (shapes.length < 2 || shapes.some((shape) => shape.length !== shapes[0]!.length)) {
    throw new ShapeError(
      `got ${shapes.length} inputs of shapes ${shapes.map(formatExample).join(', ')}, expected two or more with equally many axes`,
    );
  }
  return inputs;
}
