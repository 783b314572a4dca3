import { type Matrix, matrix } from '@ntk/linop';
import type { Rng } from '@ntk/tensor';
import { norm, projectOut } from '../dense/orthonormal-rows.ts';

/** Vectors of length √n in random directions, [k, n]: E[v vᵀ] = I, and no direction is special. */
export function sphericalVectors(k: number, n: number, rng: Rng): Matrix {
  const vectors = matrix(k, n, rng.normals(k * n));
  for (let i = 0; i < k; i++) {
    const row = vectors.data.subarray(i * n, (i + 1) * n);
    const factor = Math.sqrt(n) / norm(row);
    for (let j = 0; j < n; j++) row[j]! *= factor;
  }
  return vectors;
}

/** Vectors of random signs, [k, n]: E[v vᵀ] = I, and every entry has the square 1. */
export function signVectors(k: number, n: number, rng: Rng): Matrix {
  return matrix(
    k,
    n,
    Float64Array.from({ length: k * n }, () => (rng.uniform() < 0.5 ? -1 : 1)),
  );
}

/** Vectors in random directions orthogonal to some others, of the length √(n − r) that makes E[v vᵀ] the projector, [k, n]. */
export function sphericalVectorsBeyond(basis: Matrix, k: number, rng: Rng): Matrix {
  const n = basis.columns;
  const vectors = matrix(k, n, rng.normals(k * n));
  for (let i = 0; i < k; i++) {
    const row = matrix(1, n, vectors.data.subarray(i * n, (i + 1) * n));
    projectOut(row, basis);
    const factor = Math.sqrt(n - basis.rows) / norm(row.data);
    for (let j = 0; j < n; j++) row.data[j]! *= factor;
  }
  return vectors;
}
