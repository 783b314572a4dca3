import { ShapeError, type ProgramBuilder, type Value } from '@ntk/tensor';
import { z } from 'zod';
import { checkJson } from '../json.ts';
import { axisOf, formatExample, reshapeExamples, sumKept } from './axes.ts';
import type { LayerKind } from './layer.ts';

const schema = z.object({
  axes: z.union([z.int(), z.array(z.int()).length(2)]),
  normalize: z.boolean().default(false),
});

/** Products of two inputs, example by example: one axis of each is summed over, what is left of the first comes first. */
export const dot: LayerKind = (config, context) => {
  const { axes, normalize } = checkJson(schema, config, context.place);
  return {
    slots: [],
    pointwise: false,
    emit: ({ builder: b, inputs }) => {
      const shapes = inputs.map((value) => b.shape(value));
      if (shapes.length !== 2 || shapes.some((shape) => shape.length < 2 || shape.length > 3)) {
        throw new ShapeError(
          `got ${shapes.length} inputs of shapes ${shapes.map(formatExample).join(', ')}, expected two with one or two axes an example`,
        );
      }
      const operands = inputs.map((value, i) => {
        const axis = axisOf(typeof axes === 'number' ? axes : axes[i]!, shapes[i]!);
        return summedLast(b, normalize ? unitLength(b, value, axis) : value, axis);
      });
      const product = b.matmul(operands[0]!, operands[1]!, { transposeB: true });
      const left = shapes.flatMap((shape, i) => (shape.length === 3 ? [b.shape(operands[i]!)[1]!] : []));
      return reshapeExamples(b, product, left.length === 0 ? [1] : left);
    },
  };
};

/** [n, rest, summed]; a vector an example has a rest of 1. */
function summedLast(b: ProgramBuilder, x: Value, axis: number): Value {
  const shape = b.shape(x);
  if (shape.length === 2) return reshapeExamples(b, x, [1, shape[1]!]);
  return axis === 2 ? x : b.transpose(x, [0, 2, 1]);
}

/** x / max(‖x‖, 10⁻⁶) along an axis; the square is bounded before the root, whose slope at 0 is infinite. */
function unitLength(b: ProgramBuilder, x: Value, axis: number): Value {
  const square = sumKept(b, b.mul(x, x), [axis]);
  return b.div(x, b.unary('sqrt', b.binary('maximum', square, b.scalar(1e-12))));
}
