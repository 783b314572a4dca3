import { ProgramError, ShapeError } from '../errors.ts';
import { formatShape, sizeOf, type Shape } from '../shape.ts';
import type { PrimitiveSpec } from './spec.ts';

export const reshape: PrimitiveSpec<'reshape'> = {
  arity: 1,
  infer: ([from], { shape }) => resolve(from!, shape),
  exampleAxis: ([axis], [from], { shape }) => (axis === null ? null : exampleAxisAfter(axis!, from!, resolve(from!, shape))),
  evaluate: ([operand], _attributes, out) => out.set(operand!.data),
};

/** Replaces an extent of -1 by what is left. */
function resolve(from: Shape, shape: Shape): Shape {
  const free = shape.indexOf(-1);
  if (free === -1) {
    if (sizeOf(shape) === sizeOf(from)) return shape;
    throw new ShapeError(`reshape: got ${formatShape(from)} to ${formatShape(shape)}, expected the same number of elements`);
  }
  const others = sizeOf(shape.filter((_, axis) => axis !== free));
  const rest = sizeOf(from) / others;
  if (shape.indexOf(-1, free + 1) !== -1 || !Number.isInteger(rest)) {
    throw new ShapeError(`reshape: got ${formatShape(from)} to ${formatShape(shape)}, expected one -1 at most and extents that divide ${sizeOf(from)}`);
  }
  return shape.with(free, rest);
}

/** Examples stay apart if some axis of the result has the same extent and the same number of elements before it. */
function exampleAxisAfter(axis: number, from: Shape, to: Shape): number {
  const before = sizeOf(from.slice(0, axis));
  for (let candidate = 0; candidate < to.length; candidate++) {
    if (to[candidate] === from[axis] && sizeOf(to.slice(0, candidate)) === before) return candidate;
  }
  throw new ProgramError(`reshape: ${formatShape(from)} to ${formatShape(to)} merges or splits axis ${axis}, which holds examples`);
}
