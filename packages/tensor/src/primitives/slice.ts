import { ProgramError, ShapeError } from '../errors.ts';
import { formatShape, sizeOf, type Shape } from '../shape.ts';
import { checkAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';

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
    copyAlong(axis, outShape, (outer, i, inner, to) => {
      const from = (outer * operand!.shape[axis]! + start + i * step) * inner;
      out.set(operand!.data.subarray(from, from + inner), to);
    });
  },
};

/** Visits the contiguous runs below `axis`: (outer index, index along the axis, run length, start of the run). */
export function copyAlong(
  axis: number,
  shape: Shape,
  visit: (outer: number, i: number, inner: number, start: number) => void,
): void {
  const outer = sizeOf(shape.slice(0, axis));
  const extent = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  for (let o = 0; o < outer; o++) for (let i = 0; i < extent; i++) visit(o, i, inner, (o * extent + i) * inner);
}
