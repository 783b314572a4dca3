import { type Matrix, gemm, matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';

/** X = T Q with orthonormal rows in Q. */
export interface OrthonormalRows {
  /** Orthonormal rows, [k, n]. */
  readonly q: Matrix;
  /** Lower triangular, [k, k]; a zero on the diagonal says that the row depends on those before it. */
  readonly t: Matrix;
}

// A row that loses this much in the projection holds nothing but rounding of those before it.
const DEPENDENT = 64 * Number.EPSILON;

/**
 * Orthonormalises the rows of a matrix, in float64. A row that depends on those before it is replaced by a random one.
 *
 * @param x - [k, n] with k ≤ n; borrowed
 *
 * Cost: 2·k²·n multiply-adds. Source: classical Gram-Schmidt, every row twice: Giraud, Langou, Rozložník & van den Eshof (2005).
 */
export function orthonormalRows(x: Matrix): OrthonormalRows {
  const { rows: k, columns: n } = x;
  const q = matrix(k, n);
  const t = matrix(k, k);
  const rng = new Rng('orthonormal rows');
  for (let i = 0; i < k; i++) {
    const row = matrix(1, n, x.data.slice(i * n, (i + 1) * n));
    const size = norm(row.data);
    const before = matrix(i, n, q.data.subarray(0, i * n));
    const coefficients = projectOut(row, before);
    let rest = norm(row.data);
    t.data.set(coefficients, i * k);
    if (rest > DEPENDENT * size) t.data[i * k + i] = rest;
    else rest = replace(row, before, rng);
    for (let j = 0; j < n; j++) q.data[i * n + j] = row.data[j]! / rest;
  }
  return { q, t };
}

/**
 * Subtracts from a row its projection on orthonormal rows, twice, so that what is left is orthogonal to them to rounding.
 *
 * @param row - [1, n]; overwritten
 * @param basis - orthonormal rows, [k, n]; borrowed
 * @returns the coefficients of the projection, [k]
 *
 * Cost: 4·k·n multiply-adds.
 */
export function projectOut(row: Matrix, basis: Matrix): Float64Array {
  const total = new Float64Array(basis.rows);
  for (let pass = 0; pass < 2; pass++) {
    const coefficients = gemm(row, basis, { transposeB: true }); // [1, k]
    gemm(coefficients, basis, { alpha: -1, addTo: row });
    for (let i = 0; i < total.length; i++) total[i]! += coefficients.data[i]!;
  }
  return total;
}

/** Euclidean norm. */
export function norm(x: Float64Array): number {
  let sum = 0;
  for (const entry of x) sum += entry * entry;
  return Math.sqrt(sum);
}

function replace(row: Matrix, basis: Matrix, rng: Rng): number {
  row.data.set(rng.normals(row.columns));
  projectOut(row, basis);
  return norm(row.data);
}
