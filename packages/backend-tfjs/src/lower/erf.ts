import type { NativeTensor, TfjsModule } from '../tfjs-module.ts';

/**
 * erf(x)/x on |x| ≤ 1 as a polynomial of s = 2x² − 1. Powers ascend.
 * This and the next: Chebyshev interpolation with 40 digits, rearranged by powers of s ∈ [−1, 1], cut off below 1e-8.
 */
const NEAR = [
  0.9654687386698673, -0.1405360890227171, 0.019852496688984218, -0.0022854855611440855, 0.00021751715603563488,
  -1.75371694412802e-5, 1.2233827638093572e-6, -7.51156925108609e-8,
];

/** erfc(x)·exp(x²) on 1 ≤ x ≤ 6 as a polynomial of s = 14.4/(3 + x) − 2.6. */
const FAR = [
  0.20798329133342885, 0.15436117429438836, 0.049698445403375216, 0.012713147695154857, 0.002479314697621277,
  0.0003316029648753461, 1.9563578906857695e-5, -2.42557221161177e-6, -5.541125848160943e-7,
];

/**
 * The error function, to single precision. The native one has an absolute error of 1e-7 on cpu and webgl, which near 0 leaves no digit.
 */
export function erf(tf: TfjsModule, x: NativeTensor): NativeTensor {
  const size = tf.abs(x);
  return tf.where(tf.greater(1, size), near(tf, x), tf.mul(tf.sign(x), far(tf, size)));
}

function near(tf: TfjsModule, x: NativeTensor): NativeTensor {
  return tf.mul(x, polynomial(tf, NEAR, tf.sub(tf.mul(tf.mul(x, x), 2), 1)));
}

/** Beyond 6 the exponential is 0 whatever the polynomial gives; NaN stays. */
function far(tf: TfjsModule, size: NativeTensor): NativeTensor {
  const s = tf.sub(tf.div(14.4, tf.add(size, 3)), 2.6);
  const decay = tf.exp(tf.neg(tf.mul(size, size)));
  return tf.sub(1, tf.mul(decay, polynomial(tf, FAR, s)));
}

/** Horner's rule. */
function polynomial(tf: TfjsModule, coefficients: readonly number[], s: NativeTensor): NativeTensor {
  const [highest, next, ...rest] = coefficients.toReversed() as [number, number, ...number[]];
  return rest.reduce((sum, coefficient) => tf.add(tf.mul(sum, s), coefficient), tf.add(tf.mul(s, highest), next));
}
