import { ProgramError } from '../errors.ts';
import { sizeOf } from '../shape.ts';
import { checkAxis } from './elementwise.ts';
import { checkedIndex } from './index-value.ts';
import type { PrimitiveSpec } from './spec.ts';

/** gather(x, indices): entries of x along one axis, which the axes of `indices` take the place of. */
export const gather: PrimitiveSpec<'gather'> = {
  arity: 2,
  infer: ([shape, indices], { axis }) => {
    checkAxis('gather', axis, shape!);
    return [...shape!.slice(0, axis), ...indices!, ...shape!.slice(axis + 1)];
  },
  exampleAxis: ([own, ofIndices], [, indices], { axis }) => {
    if (own === axis) throw new ProgramError(`gather: axis ${axis} holds examples, so picking entries would mix them`);
    if (own !== null && ofIndices !== null)
      throw new ProgramError('gather: both operands hold examples, so the result would pair all with all');
    if (ofIndices !== null) return axis + ofIndices!;
    return own === null || own! < axis ? own! : own! - 1 + indices!.length;
  },
  evaluate: ([x, indices], { axis }, out) => {
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const extent = x!.shape[axis]!;
    const outer = sizeOf(x!.shape.slice(0, axis));
    let to = 0;
    for (let block = 0; block < outer; block++) {
      for (const index of indices!.data) {
        const from = (block * extent + checkedIndex('gather', index, extent)) * inner;
        out.set(x!.data.subarray(from, from + inner), to);
        to += inner;
      }
    }
  },
};
