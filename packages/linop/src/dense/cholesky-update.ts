import { ShapeError } from '@ntk/tensor';
import { NumericalError } from '../errors.ts';
import type { Cholesky, CholeskyFailure } from './cholesky.ts';
import { type Matrix, copyMatrix, squareSize } from './matrix.ts';

/**
 * The Cholesky factor of A + XᵀX from that of A, by Givens rotations.
 *
 * @param l - L with L Lᵀ = A, lower triangular with zeros above the diagonal, [n, n]; borrowed
 * @param x - X, one vector a row, [k, n]; borrowed
 * @returns the factor, [n, n]
 * @throws {ShapeError} if the sizes do not fit
 * @throws {NumericalError} if an entry of x is not finite
 *
 * Cost: 2·k·n² multiplications; from some n/12 vectors on, factorising anew is cheaper. Source: Gill, Golub, Murray & Saunders (1974), Methods
 * for modifying matrix factorizations, method C1.
 */
export function choleskyUpdate(l: Matrix, x: Matrix): Matrix {
  const modification = prepare(l, x, 'choleskyUpdate');
  const bad = nonFiniteColumn(x);
  if (bad >= 0) throw new NumericalError(nonFiniteMessage(x, bad, 'choleskyUpdate'), 'non-finite-input');
  for (let i = 0; i < l.rows; i++) rotateRow(modification, i);
  return modification.factor;
}

/**
 * The Cholesky factor of A − XᵀX from that of A, by hyperbolic rotations in their stable, mixed form.
 *
 * A downdate can lose what it subtracts: the result is as accurate as A − XᵀX is well conditioned.
 *
 * @param l - L with L Lᵀ = A, lower triangular with zeros above the diagonal, [n, n]; borrowed
 * @param x - X, one vector a row, [k, n]; borrowed
 * @returns the factor, or why there is none: A − XᵀX is not positive definite to rounding, or X is not finite
 * @throws {ShapeError} if the sizes do not fit
 *
 * Cost: 2·k·n² multiplications. Source: Bojanczyk, Brent, Van Dooren & de Hoog (1987), A note on downdating the Cholesky factorization.
 */
export function choleskyDowndate(l: Matrix, x: Matrix): Cholesky | CholeskyFailure {
  const modification = prepare(l, x, 'choleskyDowndate');
  const bad = nonFiniteColumn(x);
  if (bad >= 0) {
    const message = nonFiniteMessage(x, bad, 'choleskyDowndate');
    return { status: 'non-finite-input', pivot: bad, jitter: 0, message };
  }
  for (let i = 0; i < l.rows; i++) {
    if (reflectRow(modification, i)) continue;
    const message =
      `choleskyDowndate: got vectors that leave no positive definite matrix (pivot ${i} of ${l.rows} failed), ` +
      'expected ones that are part of it; factorise the remaining matrix anew, with jitter if need be';
    return { status: 'breakdown', pivot: i, jitter: 0, message };
  }
  return { status: 'converged', factor: modification.factor, jitter: 0 };
}

/** A factor that is being changed row by row: what was done to the rows above is kept as one cosine and one sine for each vector and column. */
interface Modification {
  readonly factor: Matrix;
  readonly vectors: Matrix;
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

function prepare(l: Matrix, x: Matrix, caller: string): Modification {
  const n = squareSize(l, caller);
  if (x.columns !== n) {
    throw new ShapeError(
      `${caller}: got vectors of ${x.columns} entries, expected ${n} as the factor; store one vector a row`,
    );
  }
  const size = x.rows * n;
  return { factor: copyMatrix(l), vectors: x, cosines: new Float64Array(size), sines: new Float64Array(size) };
}

/** Applies the rotations of the rows above to row i of [L Xᵀ], then makes those that zero its entries of X. */
function rotateRow({ factor, vectors, cosines, sines }: Modification, i: number): void {
  const n = factor.rows;
  const row = i * n;
  for (let v = 0; v < vectors.rows; v++) {
    const start = v * n;
    let rest = vectors.data[start + i]!;
    for (let j = 0; j < i; j++) {
      const entry = factor.data[row + j]!;
      const [c, s] = [cosines[start + j]!, sines[start + j]!];
      factor.data[row + j] = c * entry + s * rest;
      rest = c * rest - s * entry;
    }
    const pivot = factor.data[row + i]!;
    const length = Math.hypot(pivot, rest);
    cosines[start + i] = length === 0 ? 1 : pivot / length;
    sines[start + i] = length === 0 ? 0 : rest / length;
    factor.data[row + i] = length;
  }
}

/** The same with hyperbolic rotations. @returns false if a pivot holds no correct digit */
function reflectRow({ factor, vectors, cosines, sines }: Modification, i: number): boolean {
  const n = factor.rows;
  const row = i * n;
  for (let v = 0; v < vectors.rows; v++) {
    const start = v * n;
    let rest = vectors.data[start + i]!;
    for (let j = 0; j < i; j++) {
      const [c, s] = [cosines[start + j]!, sines[start + j]!];
      const entry = (factor.data[row + j]! - s * rest) / c;
      factor.data[row + j] = entry;
      rest = c * rest - s * entry;
    }
    const pivot = factor.data[row + i]!;
    const square = (pivot - rest) * (pivot + rest);
    if (!(square > Number.EPSILON * pivot * pivot)) return false;
    const length = Math.sqrt(square);
    cosines[start + i] = length / pivot;
    sines[start + i] = rest / pivot;
    factor.data[row + i] = length;
  }
  return true;
}

function nonFiniteColumn(x: Matrix): number {
  const at = x.data.findIndex((entry) => !Number.isFinite(entry));
  return at < 0 ? -1 : at % x.columns;
}

function nonFiniteMessage(x: Matrix, column: number, caller: string): string {
  return `${caller}: got ${x.rows} vectors with an entry ${column} that is not finite, expected finite entries; look for missing values in the data`;
}
