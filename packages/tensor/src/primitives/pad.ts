import { ProgramError, ShapeError } from '../errors.ts';
import { formatShape, stridesOf } from '../shape.ts';
import { checkAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';
import { copy, rowMajor } from './strided.ts';

export const pad: PrimitiveSpec<'pad'> = {
  arity: 1,
  infer: ([shape], { axis, before, after, step }) => {
    checkAxis('pad', axis, shape!);
    if (![before, after, step].every(Number.isInteger) || before < 0 || after < 0 || step < 1) {
      throw new ShapeError(
        `pad: got before ${before}, after ${after}, step ${step} for ${formatShape(shape!)}, expected integers ≥ 0, ≥ 0, ≥ 1`,
      );
    }
    const extent = shape![axis]!;
    return shape!.with(axis, before + after + (extent === 0 ? 0 : (extent - 1) * step + 1));
  },
  exampleAxis: ([own], _shapes, { axis }) => {
    if (own === axis) throw new ProgramError(`pad: axis ${axis} holds examples; padding would add some`);
    return own!;
  },
  evaluate: ([operand], { axis, before, step }, out, outShape) => {
    const { data, shape } = operand!;
    const strides = stridesOf(outShape);
    const filled = { offset: before * strides[axis]!, strides: strides.with(axis, step * strides[axis]!) };
    copy(shape, data, rowMajor(shape), out, filled);
  },
};
