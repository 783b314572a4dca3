import { ProgramError, ShapeError } from '../errors.ts';
import { formatShape, stridesOf } from '../shape.ts';
import { checkAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';
import { copy, rowMajor } from './strided.ts';

export const slice: PrimitiveSpec<'slice'> = {
  arity: 1,
  infer: ([shape], { axis, start, end, step }) => {
    checkAxis('slice', axis, shape!);
    const stop = end === -1 ? shape![axis]! : end;
    if (![start, stop, step].every(Number.isInteger) || start < 0 || stop < start || stop > shape![axis]! || step < 1) {
      throw new ShapeError(
        `slice: got ${start}:${end}:${step} along axis ${axis} of ${formatShape(shape!)}, expected 0 ≤ start ≤ end ≤ ${shape![axis]!} and step ≥ 1`,
      );
    }
    return shape!.with(axis, Math.ceil((stop - start) / step));
  },
  exampleAxis: ([own], _shapes, { axis }) => {
    if (own === axis) throw new ProgramError(`slice: axis ${axis} holds examples, which must all be kept`);
    return own!;
  },
  evaluate: ([operand], { axis, start, step }, out, outShape) => {
    const strides = stridesOf(operand!.shape);
    const taken = { offset: start * strides[axis]!, strides: strides.with(axis, step * strides[axis]!) };
    copy(outShape, operand!.data, taken, out, rowMajor(outShape));
  },
};
