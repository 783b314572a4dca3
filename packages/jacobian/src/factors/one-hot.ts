import type { ProgramBuilder, Value } from '@ntk/tensor';

/** Constants of a Program hold at most this many numbers. */
const BASE = 128;

/** Indices [n, T, 1] as one-hot vectors [n, T, count]. */
export function oneHot(b: ProgramBuilder, indices: Value, count: number): Value {
  return b.binary('equal', indices, iota(b, count));
}

/** 0, 1, … count - 1, put together from constants that a Program may hold: 128 · (0, 1, …) + (0, 1, … 127). */
function iota(b: ProgramBuilder, count: number): Value {
  const blocks = Math.ceil(count / BASE);
  const digits = (length: number): Value =>
    b.constant(
      Array.from({ length }, (_, i) => i),
      [length],
    );
  if (blocks <= 1) return digits(count);
  const starts = b.reshape(b.mul(iota(b, blocks), b.scalar(BASE)), [blocks, 1]);
  const all = b.reshape(b.add(starts, digits(BASE)), [blocks * BASE]);
  return b.slice(all, 0, { end: count });
}
