import { ProgramError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import type { ReductionPrimitive } from './attributes.ts';
import { checkAxis } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';
import { broadcast, forEachRun, rowMajor } from './strided.ts';

function reduction<P extends ReductionPrimitive>(
  op: P,
  initial: number,
  f: (accumulated: number, x: number) => number,
): PrimitiveSpec<P> {
  return {
    arity: 1,
    infer: ([shape], { axes }) => {
      axes.forEach((axis) => checkAxis(op, axis, shape!));
      if (new Set(axes).size !== axes.length)
        throw new ProgramError(`${op}: got axes ${formatShape(axes)}, expected each at most once`);
      return shape!.filter((_, axis) => !axes.includes(axis));
    },
    exampleAxis: ([axis], _shapes, { axes }) => {
      if (axis === null) return null;
      if (axes.includes(axis!))
        throw new ProgramError(`${op}: axis ${axis} holds examples, so reducing it would mix them`);
      return axis! - axes.filter((reduced) => reduced < axis!).length;
    },
    evaluate: ([operand], { axes }, out) => {
      const { data, shape } = operand!;
      const accumulated = new Float64Array(out.length).fill(initial);
      // Reading the kept shape by broadcasting gives stride 0 along reduced axes: exactly the index of the result.
      const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
      forEachRun(shape, [rowMajor(shape), broadcast(kept, shape)], (length, offsets, steps) => {
        const [from, to] = offsets as [number, number];
        const [, step] = steps as [number, number];
        for (let i = 0; i < length; i++) accumulated[to + i * step] = f(accumulated[to + i * step]!, data[from + i]!);
      });
      out.set(accumulated);
    },
  };
}

/** Reductions over whole axes, which disappear from the shape. The maximum of nothing is -∞. */
export const reductionPrimitives: { readonly [P in ReductionPrimitive]: PrimitiveSpec<P> } = {
  sum: reduction('sum', 0, (sum, x) => sum + x),
  max: reduction('max', -Infinity, (maximum, x) => Math.max(maximum, x)),
};
