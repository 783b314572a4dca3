import { ProgramError, ShapeError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import { checkAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';
import { copy, rowMajor } from './strided.ts';

export const concat: PrimitiveSpec<'concat'> = {
  arity: null,
  infer: (shapes, { axis }) => {
    const first = shapes[0]!;
    checkAxis('concat', axis, first);
    for (const shape of shapes) {
      if (shape.length !== first.length || shape.some((extent, i) => i !== axis && extent !== first[i])) {
        throw new ShapeError(
          `concat: got ${shapes.map(formatShape).join(', ')}, expected shapes that differ at most along axis ${axis}`,
        );
      }
    }
    return first.with(
      axis,
      shapes.reduce((sum, shape) => sum + shape[axis]!, 0),
    );
  },
  exampleAxis: (axes, _shapes, { axis }) => {
    if (axes.includes(axis))
      throw new ProgramError(`concat: axis ${axis} holds examples, so joining along it would mix them`);
    if (axes.some((own) => own !== axes[0]))
      throw new ProgramError('concat: operands hold examples along different axes, or only some do');
    return axes[0]!;
  },
  evaluate: (operands, { axis }, out, outShape) => {
    const { strides } = rowMajor(outShape);
    let offset = 0;
    for (const { data, shape } of operands) {
      copy(shape, data, rowMajor(shape), out, { offset, strides });
      offset += shape[axis]! * strides[axis]!;
    }
  },
};
