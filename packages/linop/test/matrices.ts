import { type Matrix, matrix } from '@ntk/linop';
import { frobeniusNorm } from '@ntk/linop/testing';

/** Unit roundoff of float64. */
export const U: number = 2 ** -53;

/** Options of every property: the same cases in every run. */
export const FIXED: { readonly seed: number; readonly numRuns: number } = { seed: 20240607, numRuns: 40 };

/** The product entry by entry, in the order of the definition. */
export function slowProduct(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.data[i * a.columns + k]! * b.data[k * b.columns + j]!;
      result.data[i * b.columns + j] = sum;
    }
  }
  return result;
}

/** ‖a − b‖ in the Frobenius norm. */
export function distance(a: Matrix, b: Matrix): number {
  return frobeniusNorm(
    matrix(
      a.rows,
      a.columns,
      a.data.map((entry, i) => entry - b.data[i]!),
    ),
  );
}

/** A symmetric matrix from a function of row and column, evaluated on and below the diagonal. */
export function symmetric(n: number, entry: (row: number, column: number) => number): Matrix {
  const result = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) result.data[i * n + j] = result.data[j * n + i] = entry(i, j);
  }
  return result;
}

/** The lower triangle with zeros above the diagonal. */
export function lowerOf(a: Matrix): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((entry, i) => (i % a.columns <= Math.floor(i / a.columns) ? entry : 0)),
  );
}
