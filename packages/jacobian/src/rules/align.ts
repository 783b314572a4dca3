import { sameShape, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';

/** [k, …shape] as [k, 1, …, 1, …shape] with `rank` axes after k, so that it broadcasts like its primal operand does. */
export function alignTo(b: ProgramBuilder, tangent: Value, rank: number): Value {
  const [k, ...shape] = b.shape(tangent);
  return b.reshape(tangent, [k!, ...new Array<number>(rank - shape.length).fill(1), ...shape]);
}

/** A tangent stretched to [k, …shape]. */
export function stretchTo(b: ProgramBuilder, tangent: Value, shape: Shape): Value {
  const aligned = alignTo(b, tangent, shape.length);
  const full = [b.shape(tangent)[0]!, ...shape];
  return sameShape(b.shape(aligned), full) ? aligned : b.broadcastTo(aligned, full);
}

/** The transpose of stretching: sums a cotangent [k, …] over the axes along which an operand of `shape` was stretched. */
export function sumTo(b: ProgramBuilder, cotangent: Value, shape: Shape): Value {
  const [k, ...from] = b.shape(cotangent);
  const extra = from.length - shape.length;
  const stretched = from.flatMap((extent, axis) =>
    axis < extra || (shape[axis - extra] === 1 && extent !== 1) ? [axis + 1] : [],
  );
  return b.reshape(b.sum(cotangent, stretched), [k!, ...shape]);
}

/** A zero tangent [k, …shape]. */
export function zeroTangent(b: ProgramBuilder, k: number, shape: Shape): Value {
  return b.broadcastTo(b.scalar(0), [k, ...shape]);
}

/** The sum of those terms that are not null; at least one must be. */
export function addTerms(b: ProgramBuilder, terms: readonly (Value | null)[]): Value {
  return terms.filter((term) => term !== null).reduce((sum, term) => b.add(sum, term));
}

/** A product, where a factor may be the literal 1. */
export function multiply(b: ProgramBuilder, x: Value, y: Value): Value {
  if (isOne(b, x)) return y;
  return isOne(b, y) ? x : b.mul(x, y);
}

/** Whether a value is the literal 1. */
export function isOne(b: ProgramBuilder, value: Value): boolean {
  const literal = b.literal(value);
  return literal?.shape.length === 0 && literal.values[0] === 1;
}
