import type { ProgramBuilder, Value } from '@ntk/tensor';

/** Constants of a Program hold at most this many numbers. */
const MOST = 128;

/** 0, 1, … count - 1, put together from constants that a Program may hold. */
export function countUp(b: ProgramBuilder, count: number): Value {
  const digits = (length: number): Value =>
    b.constant(
      Array.from({ length }, (_, i) => i),
      [length],
    );
  if (count <= MOST) return digits(count);
  const blocks = Math.ceil(count / MOST);
  const starts = b.mul(b.reshape(countUp(b, blocks), [blocks, 1]), b.scalar(MOST));
  return b.slice(b.reshape(b.add(starts, digits(MOST)), [blocks * MOST]), 0, { end: count });
}
