import { ProgramError, ShapeError } from '../errors.ts';
import { checkShape, formatShape, sizeOf } from '../shape.ts';
import type { PrimitiveSpec } from './spec.ts';

/** 1 KiB of float64: whatever is larger is data, and data are inputs. */
const MAX_ELEMENTS = 128;

export const constant: PrimitiveSpec<'constant'> = {
  arity: 0,
  infer: (_shapes, { shape, values }) => {
    checkShape(shape, 'constant');
    if (values.length !== sizeOf(shape)) {
      throw new ShapeError(
        `constant: got ${values.length} values for the shape ${formatShape(shape)}, expected ${sizeOf(shape)}`,
      );
    }
    if (values.length > MAX_ELEMENTS) {
      throw new ShapeError(`constant: got ${values.length} values, expected at most ${MAX_ELEMENTS}; make it an input`);
    }
    const odd = values.find((value) => !Number.isFinite(value));
    if (odd !== undefined)
      throw new ProgramError(`constant: got ${odd}, expected finite numbers, as JSON holds no others`);
    return shape;
  },
  exampleAxis: () => null,
  evaluate: (_operands, { values }, out) => out.set(values),
};
