import type { ProgramBuilder, Value } from '@ntk/tensor';

/** Larger exponents than this are no polynomials that networks use; exp and log serve them. */
const MOST = 64;

/**
 * x to a constant power: products for whole exponents, roots for halves, and exp(p log x) for others, which is not a number for a
 * negative x as the power itself is not.
 */
export function power(b: ProgramBuilder, x: Value, exponent: number): Value {
  if (exponent < 0) return b.div(b.scalar(1), power(b, x, -exponent));
  if (exponent === 0.5) return b.unary('sqrt', x);
  if (!Number.isInteger(exponent) || exponent > MOST)
    return b.unary('exp', b.mul(b.scalar(exponent), b.unary('log', x)));
  if (exponent === 0) return b.add(b.mul(b.scalar(0), x), b.scalar(1));
  if (exponent === 1) return x;
  const half = power(b, x, Math.floor(exponent / 2));
  const square = b.mul(half, half);
  return exponent % 2 === 0 ? square : b.mul(square, x);
}
