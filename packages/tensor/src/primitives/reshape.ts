import { ProgramError, ShapeError } from '../errors.ts';
import { checkShape, formatShape, sizeOf, type Shape } from '../shape.ts';
import type { PrimitiveSpec } from './spec.ts';

export const reshape: PrimitiveSpec<'reshape'> = {
  arity: 1,
  infer: ([from], { shape }) => resolve(from!, shape),
  exampleAxis: ([axis], [from], { shape }) => (axis === null ? null : exampleAxisAfter(axis!, from!, shape)),
  evaluate: ([operand], _attributes, out) => out.set(operand!.data),
};

/** Replaces an extent of -1 by what is left. */
function resolve(from: Shape, shape: Shape): Shape {
  const free = shape.indexOf(-1);
  checkShape(free === -1 ? shape : shape.with(free, 0), 'reshape');
  if (free === -1) {
    if (sizeOf(shape) === sizeOf(from)) return shape;
    throw new ShapeError(
      `reshape: got ${formatShape(from)} to ${formatShape(shape)}, expected the same number of elements`,
    );
  }
  const others = sizeOf(shape.filter((_, axis) => axis !== free));
  const rest = sizeOf(from) / others;
  if (!Number.isInteger(rest)) {
    throw new ShapeError(
      `reshape: got ${formatShape(from)} to ${formatShape(shape)}, expected extents that divide ${sizeOf(from)}`,
    );
  }
  return shape.with(free, rest);
}

/**
 * Examples stay apart if some axis of the result has the same extent and the same number of elements before it.
 * There is at most one, unless there is a single example: then the -1 shows which one is meant for several.
 */
function exampleAxisAfter(axis: number, from: Shape, shape: Shape): number {
  const to = resolve(from, shape);
  const before = sizeOf(from.slice(0, axis));
  const fits = (candidate: number): boolean =>
    to[candidate] === from[axis] && sizeOf(to.slice(0, candidate)) === before;
  const free = shape.indexOf(-1);
  const found = free !== -1 && fits(free) ? free : to.findIndex((_, candidate) => fits(candidate));
  if (found !== -1) return found;
  throw new ProgramError(
    `reshape: ${formatShape(from)} to ${formatShape(to)} merges or splits axis ${axis}, which holds examples`,
  );
}
