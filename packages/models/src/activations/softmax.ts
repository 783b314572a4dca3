import type { ProgramBuilder, Value } from '@ntk/tensor';
import { maxKept, sumKept } from '../layers/axes.ts';

/** exp(x) / Σ exp(x) over axes of an example; the maximum is subtracted first, so that nothing overflows. */
export function softmax(b: ProgramBuilder, x: Value, axes: readonly number[]): Value {
  const exponentials = b.unary('exp', b.sub(x, maxKept(b, x, axes)));
  return b.div(exponentials, sumKept(b, exponentials, axes));
}

/** log softmax(x) over axes of an example, without a logarithm of an underflown quotient. */
export function logSoftmax(b: ProgramBuilder, x: Value, axes: readonly number[]): Value {
  const shifted = b.sub(x, maxKept(b, x, axes));
  return b.sub(shifted, b.unary('log', sumKept(b, b.unary('exp', shifted), axes)));
}
