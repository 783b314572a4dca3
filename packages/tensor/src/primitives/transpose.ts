import { ShapeError } from '../errors.ts';
import { formatShape, stridesOf } from '../shape.ts';
import type { PrimitiveSpec } from './spec.ts';

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
    const index = new Array<number>(outShape.length).fill(0);
    let from = 0;
    for (let to = 0; to < out.length; to++) {
      out[to] = operand!.data[from]!;
      for (let axis = outShape.length - 1; axis >= 0; axis--) {
        index[axis] = index[axis]! + 1;
        from += strides[axis]!;
        if (index[axis]! < outShape[axis]!) break;
        from -= strides[axis]! * outShape[axis]!;
        index[axis] = 0;
      }
    }
  },
};
