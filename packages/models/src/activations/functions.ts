import type { ProgramBuilder, Value } from '@ntk/tensor';

/**
 * The elementwise functions that networks use between layers, composed from primitives.
 *
 * Each is finite for every finite input, and so is its derivative. Kinks keep the side that Keras takes: where a branch is
 * chosen by `where`, the branch not taken is evaluated at 0, so that neither its value nor its derivative can overflow.
 */

/** min(relu(x), 6). */
export function relu6(b: ProgramBuilder, x: Value): Value {
  return b.binary('minimum', b.unary('relu', x), b.scalar(6));
}

/** x where x > 0, else slope · x. */
export function leakyRelu(b: ProgramBuilder, x: Value, slope: Value): Value {
  return b.where(positive(b, x), x, b.mul(slope, x));
}

/** clip(slope · x + 1/2, 0, 1). */
export function hardSigmoid(b: ProgramBuilder, x: Value, slope: number): Value {
  return clip(b, b.add(b.mul(b.scalar(slope), x), b.scalar(0.5)), 0, 1);
}

/**
 * log(1 + eˣ).
 *
 * Written as -log(sigmoid(-m)) + (x - m) with m = min(x, 40): beyond 40 the function is x to double precision, below it the
 * logarithm cannot overflow, and unlike max(x, 0) + log(1 + e^-|x|) it has no kink at 0 that would spoil the derivative there.
 */
export function softplus(b: ProgramBuilder, x: Value): Value {
  const m = b.binary('minimum', x, b.scalar(40));
  return b.sub(b.sub(x, m), b.unary('log', b.unary('sigmoid', b.neg(m))));
}

/** x / (1 + |x|). */
export function softsign(b: ProgramBuilder, x: Value): Value {
  return b.div(x, b.add(b.scalar(1), b.unary('abs', x)));
}

/** x where x > 0, else alpha · (eˣ - 1). Source: Clevert et al. (2016). */
export function elu(b: ProgramBuilder, x: Value, alpha: number): Value {
  const isPositive = positive(b, x);
  const safe = b.where(isPositive, b.scalar(0), x);
  return b.where(isPositive, x, b.mul(b.scalar(alpha), b.sub(b.unary('exp', safe), b.scalar(1))));
}

/** Scaled ELU whose activations keep mean 0 and variance 1. Source: Klambauer et al. (2017), section 2. */
export function selu(b: ProgramBuilder, x: Value): Value {
  return b.mul(b.scalar(1.0507009873554805), elu(b, x, 1.6732632423543772));
}

/** x Φ(x), exactly, by the error function. Source: Hendrycks & Gimpel (2016). */
export function gelu(b: ProgramBuilder, x: Value): Value {
  const half = b.mul(b.scalar(0.5), x);
  return b.mul(half, b.add(b.scalar(1), b.unary('erf', b.mul(x, b.scalar(Math.SQRT1_2)))));
}

/** The approximation of x Φ(x) by tanh. Source: Hendrycks & Gimpel (2016), section 2. */
export function geluTanh(b: ProgramBuilder, x: Value): Value {
  const cube = b.mul(b.mul(x, x), x);
  const inner = b.mul(b.scalar(Math.sqrt(2 / Math.PI)), b.add(x, b.mul(b.scalar(0.044715), cube)));
  return b.mul(b.mul(b.scalar(0.5), x), b.add(b.scalar(1), b.unary('tanh', inner)));
}

/** x · sigmoid(x), also called SiLU. */
export function swish(b: ProgramBuilder, x: Value): Value {
  return b.mul(x, b.unary('sigmoid', x));
}

/** x · tanh(softplus(x)). Source: Misra (2019). */
export function mish(b: ProgramBuilder, x: Value): Value {
  return b.mul(x, b.unary('tanh', softplus(b, x)));
}

/** x limited to low … high. */
export function clip(b: ProgramBuilder, x: Value, low: number, high: number): Value {
  return b.binary('minimum', b.binary('maximum', x, b.scalar(low)), b.scalar(high));
}

function positive(b: ProgramBuilder, x: Value): Value {
  return b.binary('greater', x, b.scalar(0));
}
