import { UnsupportedError, sizeOf, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';
import type { LinearRule } from './rule.ts';

/** `shape` with an extent of 1 along each reduced axis. */
function keepDims(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

const shifted = (axes: readonly number[]): number[] => axes.map((axis) => axis + 1);

export const sumRule: LinearRule<'sum'> = {
  coefficients: () => [],
  tangent: (b, { attributes }, [t]) => b.sum(t!, shifted(attributes.axes)),
  cotangent: (b, { attributes, operandShapes: [shape] }, g) => {
    const k = b.shape(g)[0]!;
    return [b.broadcastTo(b.reshape(g, [k, ...keepDims(shape!, attributes.axes)]), [k, ...shape!])];
  },
};

/** Picks the first maximum in row-major order, by a mask that the primal computes once. */
export const maxRule: LinearRule<'max'> = {
  coefficients: (b, { operands: [x], result, attributes }) => [firstMaximum(b, x!, result, attributes.axes)],
  tangent: (b, { attributes, coefficients }, [t]) => b.sum(b.mul(t!, coefficients[0]!), shifted(attributes.axes)),
  cotangent: (b, { attributes, coefficients, operandShapes: [shape] }, g) => [
    b.mul(b.reshape(g, [b.shape(g)[0]!, ...keepDims(shape!, attributes.axes)]), coefficients[0]!),
  ],
};

/** 1 at the first position (row-major over the reduced axes) that attains the maximum, 0 elsewhere. */
function firstMaximum(b: ProgramBuilder, x: Value, maximum: Value, axes: readonly number[]): Value {
  const shape = b.shape(x);
  const reduced = shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
  const count = sizeOf(reduced);
  const positions = b.reshape(countUp(b, count), reduced);
  const isMaximum = b.binary('equal', x, b.reshape(maximum, keepDims(shape, axes)));
  const candidates = b.neg(b.where(isMaximum, positions, b.scalar(count)));
  const first = b.neg(b.reshape(b.max(candidates, axes), keepDims(shape, axes)));
  return b.binary('equal', positions, first);
}

const LITERAL = 128;

/** 0, 1, … count − 1, [count]: a sum of two literals, since a longer one would be data. */
function countUp(b: ProgramBuilder, count: number): Value {
  const rows = Math.ceil(count / LITERAL);
  if (rows > LITERAL) {
    throw new UnsupportedError(
      `max: got a maximum over ${count} elements to differentiate, expected at most ${LITERAL * LITERAL}; reduce axis by axis`,
    );
  }
  const units = b.constant(
    Array.from({ length: Math.min(count, LITERAL) }, (_, i) => i),
    [1, Math.min(count, LITERAL)],
  );
  if (rows <= 1) return b.reshape(units, [count]);
  const blocks = b.constant(
    Array.from({ length: rows }, (_, i) => i * LITERAL),
    [rows, 1],
  );
  return b.slice(b.reshape(b.add(blocks, units), [rows * LITERAL]), 0, { end: count });
}
