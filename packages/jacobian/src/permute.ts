import type { ProgramBuilder, Value } from '@ntk/tensor';

/** A transposition; where only axes of extent 1 change places, every element stays where it is, and it is a reshape. */
export function permute(b: ProgramBuilder, x: Value, permutation: readonly number[]): Value {
  const shape = b.shape(x);
  const long = permutation.filter((axis) => shape[axis] !== 1);
  const isStill = long.every((axis, i) => i === 0 || long[i - 1]! < axis);
  const to = permutation.map((axis) => shape[axis]!);
  return isStill ? b.reshape(x, to) : b.transpose(x, permutation);
}
