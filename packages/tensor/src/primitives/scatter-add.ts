import { ProgramError, ShapeError } from '../errors.ts';
import { formatShape, sameShape, sizeOf } from '../shape.ts';
import { checkedIndex } from './index-value.ts';
import type { PrimitiveSpec } from './spec.ts';

/** The adjoint of gather: adds each entry of x to the place along one axis that its index names; places that none names are 0. */
export const scatterAdd: PrimitiveSpec<'scatterAdd'> = {
  arity: 2,
  infer: ([shape, indices], { axis, extent }) => {
    const found = shape!.slice(axis, axis + indices!.length);
    if (!Number.isInteger(axis) || axis < 0 || axis > shape!.length || !sameShape(found, indices!)) {
      throw new ShapeError(
        `scatterAdd: got ${formatShape(shape!)} with indices ${formatShape(indices!)} at axis ${axis}, expected the axes of the indices there`,
      );
    }
    if (!Number.isInteger(extent) || extent < 0)
      throw new ShapeError(`scatterAdd: got the extent ${extent}, expected an integer ≥ 0`);
    return [...shape!.slice(0, axis), extent, ...shape!.slice(axis + indices!.length)];
  },
  exampleAxis: ([own, ofIndices], [, indices], { axis }) => {
    if (ofIndices !== null)
      throw new ProgramError('scatterAdd: the indices hold examples, so adding up would mix them');
    if (own === null || own! < axis) return own!;
    if (own! < axis + indices!.length)
      throw new ProgramError(`scatterAdd: axis ${own!} holds examples, so adding up along it would mix them`);
    return own! - indices!.length + 1;
  },
  evaluate: ([x, indices], { axis, extent }, out) => {
    const inner = sizeOf(x!.shape.slice(axis + indices!.shape.length));
    const outer = sizeOf(x!.shape.slice(0, axis));
    const sums = new Float64Array(out.length);
    let from = 0;
    for (let block = 0; block < outer; block++) {
      for (const index of indices!.data) {
        const to = (block * extent + checkedIndex('scatterAdd', index, extent)) * inner;
        for (let i = 0; i < inner; i++) sums[to + i] = sums[to + i]! + x!.data[from + i]!;
        from += inner;
      }
    }
    out.set(sums);
  },
};
