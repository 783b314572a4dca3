import { type LinearOperator, type Matrix, matrix, matrixOperator } from '@ntk/linop';
import { randomMatrix } from '@ntk/linop/testing';
import type { Backend, DType, Rng } from '@ntk/tensor';

/** A squared exponential kernel between random points of the plane, plus noise: eigenvalues fall fast, down to the noise. */
export function noisyKernel(n: number, noiseVariance: number, rng: Rng): Matrix {
  const points = randomMatrix(n, 2, rng).data;
  const kernel = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const distance = Math.hypot(points[2 * i]! - points[2 * j]!, points[2 * i + 1]! - points[2 * j + 1]!);
      kernel.data[i * n + j] = Math.exp(-2 * distance * distance) + (i === j ? noiseVariance : 0);
    }
  }
  return kernel;
}

/** A host matrix as a positive definite operator. */
export function definite(a: Matrix, backend: Backend, dtype: DType = 'float64'): LinearOperator {
  return matrixOperator(a, { backend, dtype, tags: ['positive-definite'] });
}

/** ‖a − b‖ / ‖b‖ in the Frobenius norm. */
export function relativeDistance(a: Matrix, b: Matrix): number {
  let error = 0;
  let size = 0;
  b.data.forEach((entry, i) => {
    error += (a.data[i]! - entry) ** 2;
    size += entry * entry;
  });
  return Math.sqrt(error / size);
}

/** Unit roundoff of float64. */
export const U: number = 2 ** -53;
