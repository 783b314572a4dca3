import { ShapeError, formatShape, sizeOf, type ProgramBuilder, type Shape, type Value } from '@ntk/tensor';

/**
 * An axis counted as Keras does (negative from the end, the example axis is 0) as an axis of `shape`.
 *
 * @throws {ShapeError} if it names the example axis or none
 */
export function axisOf(axis: number, shape: Shape): number {
  const resolved = axis < 0 ? axis + shape.length : axis;
  if (resolved < 1 || resolved >= shape.length) {
    throw new ShapeError(
      `got axis ${axis} for inputs of shape ${formatExample(shape)}, expected an axis of an example`,
    );
  }
  return resolved;
}

/** A value's shape in messages: null where examples are. */
export function formatExample(shape: Shape): string {
  return `[null, ${shape.slice(1).join(', ')}]`;
}

/** Reshapes every example, for any number of them. */
export function reshapeExamples(builder: ProgramBuilder, x: Value, example: Shape): Value {
  const from = builder.shape(x).slice(1);
  if (sizeOf(from) !== sizeOf(example)) {
    throw new ShapeError(
      `got examples of shape ${formatShape(from)} to reshape to ${formatShape(example)}, expected the same number of elements`,
    );
  }
  if (from.length === example.length && from.every((extent, axis) => extent === example[axis])) return x;
  return builder.reshape(x, [-1, ...example]);
}

/** The sum over axes of an example, which stay with extent 1. */
export function sumKept(builder: ProgramBuilder, x: Value, axes: readonly number[]): Value {
  return kept(builder, builder.sum(x, axes), builder.shape(x), axes);
}

/** The maximum over axes of an example, which stay with extent 1. */
export function maxKept(builder: ProgramBuilder, x: Value, axes: readonly number[]): Value {
  return kept(builder, builder.max(x, axes), builder.shape(x), axes);
}

/** The mean over axes of an example, which stay with extent 1. */
export function meanKept(builder: ProgramBuilder, x: Value, axes: readonly number[]): Value {
  const shape = builder.shape(x);
  const count = sizeOf(axes.map((axis) => shape[axis]!));
  return builder.div(sumKept(builder, x, axes), builder.scalar(count));
}

function kept(builder: ProgramBuilder, reduced: Value, shape: Shape, axes: readonly number[]): Value {
  return reshapeExamples(builder, reduced, shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)).slice(1));
}
