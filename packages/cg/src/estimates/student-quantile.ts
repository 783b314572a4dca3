import { OptionError } from '@ntk/tensor';

/**
 * The quantile of Student's t distribution: the t with P(T ≤ t) = probability.
 *
 * @param probability - in (0, 1)
 * @param freedom - degrees of freedom, a positive integer
 * @throws {OptionError} if a number is outside its domain
 *
 * Accurate to about 1e-14: the distribution function is a finite sum for an integer number of degrees, and is bisected.
 * Source: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.
 */
export function studentQuantile(probability: number, freedom: number): number {
  if (!(probability > 0 && probability < 1) || !Number.isInteger(freedom) || freedom < 1) {
    throw new OptionError(
      `studentQuantile: got the probability ${probability} and ${freedom} degrees of freedom, expected one in (0, 1) and a positive integer`,
    );
  }
  if (probability < 0.5) return -studentQuantile(1 - probability, freedom);
  let low = 0;
  let high = Math.PI / 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (centralProbability(middle, freedom) < 2 * probability - 1) low = middle;
    else high = middle;
  }
  return Math.sqrt(freedom) * Math.tan((low + high) / 2);
}

// P(|T| ≤ √freedom · tan θ).
function centralProbability(theta: number, freedom: number): number {
  const cos = Math.cos(theta);
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cos : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < freedom; k += 2) {
    term *= ((k - 1) / k) * cos * cos;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
}
