import { expect } from 'vitest';
import { formatShape, type Shape } from '../shape.ts';

/** How far `expectAllclose` lets numbers differ: |actual − expected| ≤ atol + rtol · |expected|. */
export interface Tolerance {
  /** Relative to each expected element; 0 by default. Derive it from the unit roundoff and the condition of the problem. */
  readonly rtol?: number;
  /** Absolute: one number, or one for each element; 0 by default. */
  readonly atol?: number | ArrayLike<number>;
  /** The shape of the data, for the index in the message. */
  readonly shape?: Shape;
}

/**
 * Asserts that two arrays agree element by element. NaN agrees with NaN, and an infinity with itself.
 *
 * The message of a failure shows the worst element with its index, and how many others differ.
 */
export function expectAllclose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance = {},
): void {
  if (actual.length !== expected.length) {
    expect.fail(`allclose: got ${actual.length} elements, expected ${expected.length}`);
  }
  let worst = -1;
  let worstExcess = 0;
  let count = 0;
  for (let i = 0; i < expected.length; i++) {
    const excess = excessOf(actual[i]!, expected[i]!, allowed(tolerance, expected, i));
    if (excess <= 1) continue;
    count++;
    if (excess > worstExcess) [worst, worstExcess] = [i, excess];
  }
  if (count > 0) expect.fail(describeWorst(actual, expected, tolerance, { worst, count }));
}

/**
 * ‖actual − expected‖ / ‖expected‖ in the Frobenius norm; ‖actual‖ where the expected values are all zero.
 * NaN if an element is not a number or the lengths differ, so that no comparison with a tolerance passes.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return NaN;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(size === 0 ? difference : difference / size);
}

function allowed({ rtol = 0, atol = 0 }: Tolerance, expected: ArrayLike<number>, i: number): number {
  return (typeof atol === 'number' ? atol : atol[i]!) + rtol * Math.abs(expected[i]!);
}

/** The difference in units of what is allowed: more than 1 is too much. */
function excessOf(actual: number, expected: number, bound: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const difference = Math.abs(actual - expected);
  // An infinite or missing number is right or wrong, never near: a bound of infinity must not let it pass.
  if (!Number.isFinite(difference)) return Infinity;
  return difference <= bound ? 0 : difference / bound;
}

function describeWorst(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  { worst, count }: { readonly worst: number; readonly count: number },
): string {
  const difference = Math.abs(actual[worst]! - expected[worst]!);
  return (
    `allclose: ${count} of ${expected.length} elements differ; the worst, at ${indexText(worst, tolerance.shape)}: ` +
    `got ${actual[worst]!}, expected ${expected[worst]!}, which differ by ${difference.toExponential(2)}, ` +
    `expected at most ${allowed(tolerance, expected, worst).toExponential(2)}; ` +
    `relative error of the whole ${relativeError(actual, expected).toExponential(2)}`
  );
}

function indexText(flat: number, shape: Shape | undefined): string {
  if (shape === undefined || shape.length < 2) return `[${flat}]`;
  const index: number[] = [];
  let rest = flat;
  for (const extent of shape.toReversed()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return `${formatShape(index)} of ${formatShape(shape)}`;
}
