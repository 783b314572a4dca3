import { type LinearOperator, type Matrix, type Placement, copyMatrix, matrix } from '@ntk/linop';
import { cpuBackend } from '@ntk/tensor';
import { multiply } from '../multiply.ts';
import type { VectorSpace } from './vector-space.ts';

/** Vectors in float64 on the host, updated in place. */
export function hostSpace(placement: Required<Placement> = hostPlacement()): VectorSpace<Matrix> {
  return {
    placement,
    load: async (block) => copyMatrix(block),
    read: async (x) => copyMatrix(x),
    product: (A: LinearOperator, x: Matrix) => multiply(A, x),
    addScaled: async (y, alpha, x) => {
      for (let i = 0; i < y.rows; i++) addScaledRow(y.data, alpha[i]!, x.data, i * y.columns, y.columns);
      return y;
    },
    copy: async (x) => copyMatrix(x),
    dots: async (...pairs) => pairs.map(([x, y]) => rowDots(x, y)),
    select: async (x, rows) => selectRows(x, rows),
    release: () => undefined,
    dispose: () => undefined,
  };
}

/** A cpu backend of its own, in float64. */
export function hostPlacement(): Required<Placement> {
  return { backend: cpuBackend(), dtype: 'float64' };
}

/** A copy of some rows of a host block, in the order given. */
export function selectRows(x: Matrix, rows: readonly number[]): Matrix {
  const result = matrix(rows.length, x.columns);
  rows.forEach((row, i) => {
    result.data.set(x.data.subarray(row * x.columns, (row + 1) * x.columns), i * x.columns);
  });
  return result;
}

/** The dot product of each row of x with the same row of y, [k]. */
export function rowDots(x: Matrix, y: Matrix): Float64Array {
  const n = x.columns;
  return Float64Array.from({ length: x.rows }, (_, i) => dot(x.data, i * n, y.data, i * n, n));
}

/** y[start + j] += alpha · x[start + j] for j < length; nothing where alpha is 0. */
function addScaledRow(y: Float64Array, alpha: number, x: Float64Array, start: number, length: number): void {
  if (alpha === 0) return;
  for (let j = start; j < start + length; j++) y[j]! += alpha * x[j]!;
}

// Four partial sums: one chain of additions would wait for each result.
function dot(x: Float64Array, xStart: number, y: Float64Array, yStart: number, length: number): number {
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0;
  let j = 0;
  for (; j + 4 <= length; j += 4) {
    s0 += x[xStart + j]! * y[yStart + j]!;
    s1 += x[xStart + j + 1]! * y[yStart + j + 1]!;
    s2 += x[xStart + j + 2]! * y[yStart + j + 2]!;
    s3 += x[xStart + j + 3]! * y[yStart + j + 3]!;
  }
  for (; j < length; j++) s0 += x[xStart + j]! * y[yStart + j]!;
  return s0 + s1 + (s2 + s3);
}
