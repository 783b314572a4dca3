import { type Matrix, eigh, matrix } from '@ntk/linop';
import { matrixWithSpectrum } from '@ntk/linop/testing';
import type { Rng } from '@ntk/tensor';

/** k random orthonormal vectors as rows, [k, n]: eigenvectors of a random matrix with distinct eigenvalues. */
export function orthonormalBasis(k: number, n: number, rng: Rng): Matrix {
  const spectrum = Float64Array.from({ length: n }, (_, i) => 1 + i);
  const { vectors } = eigh(matrixWithSpectrum(spectrum, rng));
  return matrix(k, n, vectors.data.slice(0, k * n));
}
