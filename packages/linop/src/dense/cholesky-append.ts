import { ShapeError } from '@ntk/tensor';
import { NumericalError } from '../errors.ts';
import { tryCholesky } from './cholesky.ts';
import { syrk } from './gemm.ts';
import { type Matrix, copyMatrix, matrix, squareSize } from './matrix.ts';
import { solveLower } from './triangular.ts';

/**
 * Extends a Cholesky factor by rows: from L Lᵀ = A to the factor of [A Bᵀ; B C], which is [L 0; B L⁻ᵀ M], M Mᵀ = C − B A⁻¹ Bᵀ.
 *
 * Equal to factorising the whole matrix, to rounding. Where A had a jitter added, add the same to the diagonal of C.
 *
 * @param l - L, lower triangular with zeros above the diagonal, [n, n]; borrowed
 * @param below - B, [k, n]; borrowed
 * @param corner - C, symmetric, [k, k]; borrowed
 * @returns the factor, [n + k, n + k], which shares nothing with `l`
 * @throws {ShapeError} if the sizes do not fit
 * @throws {NumericalError} if an entry is not finite, or a new pivot is below one rounding error of its diagonal entry
 *
 * Cost: k·n²/2 + k²·n/2 + k³/6 multiply-adds and (n + k)² entries of memory. Source: Golub & Van Loan (2013), section 4.2.9 (block form).
 */
export function choleskyAppend(l: Matrix, below: Matrix, corner: Matrix): Matrix {
  const n = squareSize(l, 'choleskyAppend');
  const k = squareSize(corner, 'choleskyAppend');
  if (below.rows !== k || below.columns !== n) {
    throw new ShapeError(
      `choleskyAppend: got new rows of ${below.rows} × ${below.columns}, expected ${k} × ${n} for a corner of ${k} and a factor of ${n}`,
    );
  }
  const left = solveLower(l, below); // B L⁻ᵀ, [k, n]
  const factored = tryCholesky(syrk(left, { alpha: -1, addTo: copyMatrix(corner) }), {
    inPlace: true,
    jitter: { limit: 0 },
  });
  if (factored.status !== 'converged') throw new NumericalError(factored.message, factored.status);
  const trailing = factored.factor;
  for (let i = 0; i < k; i++) checkPivot(trailing.data[i * k + i]! ** 2, corner.data[i * k + i]!, n + i);
  const whole = matrix(n + k, n + k);
  for (let i = 0; i < n; i++) whole.data.set(l.data.subarray(i * n, (i + 1) * n), i * (n + k));
  for (let i = 0; i < k; i++) {
    whole.data.set(left.data.subarray(i * n, (i + 1) * n), (n + i) * (n + k));
    whole.data.set(trailing.data.subarray(i * k, (i + 1) * k), (n + i) * (n + k) + n);
  }
  return whole;
}

// The same measure as in `cholesky`: such a pivot holds no correct digit.
function checkPivot(pivot: number, diagonal: number, row: number): void {
  if (pivot > Number.EPSILON * Math.abs(diagonal)) return;
  throw new NumericalError(
    `choleskyAppend: got a new row ${row} that depends on the others to rounding (pivot ${pivot.toExponential(2)} of ${diagonal.toExponential(2)}), ` +
      'expected a positive definite matrix; raise the noise variance, or factorise the whole with jitter',
    'breakdown',
  );
}
