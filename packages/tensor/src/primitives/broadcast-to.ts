import { ShapeError } from '../errors.ts';
import { broadcastShapes, checkShape, formatShape, sameShape, type Shape } from '../shape.ts';
import { broadcastExampleAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';
import { broadcast, copy, rowMajor } from './strided.ts';

export const broadcastTo: PrimitiveSpec<'broadcastTo'> = {
  arity: 1,
  infer: ([from], { shape }) => {
    const to = resolve(from!, shape);
    checkShape(to, 'broadcastTo');
    if (!sameShape(broadcastShapes(from!, to), to)) {
      throw new ShapeError(
        `broadcastTo: got ${formatShape(from!)} to ${formatShape(shape)}, expected extents that stretch from 1`,
      );
    }
    return to;
  },
  exampleAxis: ([axis], [from], { shape }) =>
    broadcastExampleAxis('broadcastTo', [axis!, null], [from!, shape.map(() => 1)]),
  evaluate: ([operand], _attributes, out, outShape) =>
    copy(outShape, operand!.data, broadcast(operand!.shape, outShape), out, rowMajor(outShape)),
};

/** Replaces extents of -1 by those of the operand, aligned at the last axis. */
function resolve(from: Shape, shape: Shape): Shape {
  return shape.map((extent, axis) => (extent === -1 ? (from[axis - shape.length + from.length] ?? 1) : extent));
}
