import { ProgramError } from '../errors.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { ReductionPrimitive } from './attributes.ts';
import { checkAxis, forEachBroadcast } from './elementwise.ts';
import type { PrimitiveSpec } from './spec.ts';

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
      const accumulated = new Float64Array(out.length).fill(initial);
      forEachReduced(operand!.shape, axes, (from, to) => {
        accumulated[to] = f(accumulated[to]!, operand!.data[from]!);
      });
      out.set(accumulated);
    },
  };
}

/** Visits every element with the index of the result element it goes to. */
function forEachReduced(shape: Shape, axes: readonly number[], visit: (from: number, to: number) => void): void {
  const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  // Reading the kept shape by broadcasting gives stride 0 along reduced axes: exactly the index of the result.
  forEachBroadcast(shape, [kept], (from, [to]) => visit(from, to!));
}

/** Reductions over whole axes, which disappear from the shape. The maximum of nothing is -∞. */
export const reductionPrimitives: { readonly [P in ReductionPrimitive]: PrimitiveSpec<P> } = {
  sum: reduction('sum', 0, (sum, x) => sum + x),
  max: reduction('max', -Infinity, (maximum, x) => Math.max(maximum, x)),
};
