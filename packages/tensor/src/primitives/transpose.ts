import { ShapeError } from '../errors.ts';
import { formatShape, stridesOf } from '../shape.ts';
import type { PrimitiveSpec } from './spec.ts';
import { copy, rowMajor } from './strided.ts';

export const transpose: PrimitiveSpec<'transpose'> = {
  arity: 1,
  infer: ([shape], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (permutation.length !== shape!.length || sorted.some((axis, i) => axis !== i)) {
      throw new ShapeError(
        `transpose: got the permutation ${formatShape(permutation)} for ${formatShape(shape!)}, expected each of its axes once`,
      );
    }
    return permutation.map((axis) => shape![axis]!);
  },
  exampleAxis: ([axis], _shapes, { permutation }) => (axis === null ? null : permutation.indexOf(axis!)),
  evaluate: ([operand], { permutation }, out, outShape) => {
    const own = stridesOf(operand!.shape);
    const strides = permutation.map((axis) => own[axis]!);
    copy(outShape, operand!.data, { offset: 0, strides }, out, rowMajor(outShape));
  },
};
