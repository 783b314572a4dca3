import type { Rng } from '@ntk/tensor';
import { type Matrix, matrix, mirrorLower } from '../dense/matrix.ts';

/**
 * A symmetric matrix with the given eigenvalues and random eigenvectors, so that a test chooses the condition.
 *
 * @param eigenvalues - [n], any signs
 * @param rng - draws the eigenvectors
 * @returns [n, n], symmetric to the last bit
 *
 * Cost: 50·n² operations: eight random reflections from both sides, enough to leave no zero and no order.
 */
export function matrixWithSpectrum(eigenvalues: ArrayLike<number>, rng: Rng): Matrix {
  const n = eigenvalues.length;
  const a = matrix(n, n);
  for (let i = 0; i < n; i++) a.data[i * n + i] = eigenvalues[i]!;
  for (let count = 0; count < Math.min(n, 8); count++) reflect(a, rng.normals(n));
  mirrorLower(a);
  return a;
}

/** n numbers from 1 down to 1 / condition, in geometric progression; for n = 1 just 1. */
export function geometricSpectrum(n: number, condition: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => condition ** (-i / Math.max(1, n - 1)));
}

/** A matrix of independent standard normals, [rows, columns]. */
export function randomMatrix(rows: number, columns: number, rng: Rng): Matrix {
  return matrix(rows, columns, rng.normals(rows * columns));
}

// A ← H A H with H = I − 2 v vᵀ / vᵀv.
function reflect({ rows: n, data }: Matrix, v: Float64Array): void {
  const scale = 2 / v.reduce((sum, entry) => sum + entry * entry, 0);
  const w = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) w[i]! += data[i * n + j]! * v[j]!;
  }
  const middle = w.reduce((sum, entry, i) => sum + entry * v[i]!, 0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      data[i * n + j]! += scale * (scale * middle * v[i]! * v[j]! - v[i]! * w[j]! - w[i]! * v[j]!);
    }
  }
}
