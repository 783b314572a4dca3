import { type LinearOperator, type Matrix, NumericalError, matrix } from '@ntk/linop';
import { checkFinite } from './checks.ts';
import { applyOperator, roundedFor } from './operator-product.ts';
import { rowOf } from './rows.ts';
import { sumOfSquares } from './vector.ts';

/** Rows whose inner products are conservative covariances: C = U Uᵀ + X Xᵀ. */
export interface VarianceRoot {
  /** S^{1/2}u of each test row, u = j* − Jᵀx, [k, p]. */
  readonly weights: Matrix;
  /** Σ^{1/2}x of each test row, [k, N]. */
  readonly rows: Matrix;
}

/**
 * The root of a conservative covariance from any approximate solutions.
 *
 * With x̃ ≈ B⁻¹ F j̃: C = (j̃ − Fᵀx̃)ᵀ(j̃ − Fᵀx̃) + x̃ᵀx̃ = exact covariance + EᵀBE, E being the error of x̃, so that C is at least the exact
 * one in every direction. A row whose x̃ is worse than none, or not finite, is replaced by x̃ = 0, which gives the prior variance.
 *
 * @param transpose - Fᵀ, [p, N]; its rounding is all that can make the bound too small
 * @param testFeatures - j̃ = S^{1/2}j*, [k, p]; borrowed
 * @param solution - x̃, [k, N]; borrowed
 * @throws {NumericalError} if a test feature is not finite
 *
 * Cost: one product with Fᵀ. Source: mathematics of inexact conditioning, 2k*ᵀx − xᵀAx completed to squares.
 */
export async function varianceRoot(
  transpose: LinearOperator,
  testFeatures: Matrix,
  solution: Matrix,
): Promise<VarianceRoot> {
  checkFinite(testFeatures.data, 'jTest');
  const rows = matrix(solution.rows, solution.columns, roundedFor(transpose, solution).data.slice());
  for (let k = 0; k < rows.rows; k++) if (!rowOf(rows, k).every(Number.isFinite)) rowOf(rows, k).fill(0);
  const weights = await applyOperator(transpose, rows); // Fᵀx̃, [k, p]
  for (let i = 0; i < weights.data.length; i++) weights.data[i] = testFeatures.data[i]! - weights.data[i]!;
  for (let k = 0; k < rows.rows; k++) {
    const prior = sumOfSquares(rowOf(testFeatures, k));
    const found = sumOfSquares(rowOf(weights, k)) + sumOfSquares(rowOf(rows, k));
    if (Number.isNaN(found) && rowOf(rows, k).every((value) => value === 0)) throw notFinite(k);
    if (found <= prior) continue;
    rowOf(rows, k).fill(0);
    rowOf(weights, k).set(rowOf(testFeatures, k));
  }
  return { weights, rows };
}

/** The diagonal of C: sums of squares in float64, [k]. */
export function variancesOf({ weights, rows }: VarianceRoot): Float64Array {
  return Float64Array.from(
    { length: rows.rows },
    (_, k) => sumOfSquares(rowOf(weights, k)) + sumOfSquares(rowOf(rows, k)),
  );
}

function notFinite(row: number): NumericalError {
  return new NumericalError(
    `variance: got a Jacobian whose product with 0 is not finite (test row ${row}), expected finite entries; ` +
      'look for overflow in the network or missing values in the data',
    'non-finite-input',
  );
}
