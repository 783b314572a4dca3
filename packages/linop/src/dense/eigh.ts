import { applyQ } from './apply-q.ts';
import { implicitQL } from './implicit-ql.ts';
import { type Matrix, identityMatrix } from './matrix.ts';
import { type Spectrum, joinSpectra } from './rank-one-update.ts';
import { type Tridiagonal, tridiagonalNorm } from './tridiagonal.ts';
import { type TridiagonalizeOptions, tridiagonalize } from './tridiagonalize.ts';

// Below this size QL is faster than dividing.
const BASE = 32;

/** A = Σ_j values[j] · v_j v_jᵀ. */
export interface Eigh {
  /** Eigenvalues, ascending, [n]. */
  readonly values: Float64Array;
  /** Unit eigenvectors as rows: row j belongs to values[j], [n, n]. */
  readonly vectors: Matrix;
}

/**
 * Eigendecomposition of a symmetric matrix, in float64: tridiagonalisation, then divide and conquer.
 *
 * @param a - symmetric, [n, n], only its lower triangle is read; overwritten only if `inPlace`
 * @returns eigenvalues in ascending order and eigenvectors as rows
 * @throws {ShapeError} if a is not square
 * @throws {NumericalError} if an entry is not finite
 *
 * Cost: at most 2.5·n³ multiply-adds, nearly all in products; 4·n² entries of memory.
 * Source: Cuppen (1981); Gu & Eisenstat (1995).
 */
export function eigh(a: Matrix, options: TridiagonalizeOptions = {}): Eigh {
  const reduction = tridiagonalize(a, options);
  const scale = tridiagonalNorm(reduction.tridiagonal);
  const { values, vectors } = divide(scaled(reduction.tridiagonal, scale));
  return { values: values.map((value) => value * scale), vectors: applyQ(reduction, vectors, { inPlace: true }) };
}

/**
 * Eigenvalues of a symmetric matrix, ascending, in float64.
 *
 * @param a - symmetric, [n, n], only its lower triangle is read; overwritten only if `inPlace`
 * @throws {ShapeError} if a is not square
 * @throws {NumericalError} if an entry is not finite
 *
 * Cost: 2/3·n³ multiply-adds: the tridiagonalisation.
 */
export function eigenvaluesOf(a: Matrix, options: TridiagonalizeOptions = {}): Float64Array {
  const { tridiagonal } = tridiagonalize(a, options);
  const scale = tridiagonalNorm(tridiagonal);
  return implicitQL(scaled(tridiagonal, scale))
    .sort()
    .map((value) => value * scale);
}

function divide(t: Tridiagonal): Spectrum {
  const n = t.diagonal.length;
  if (n <= BASE) return conquer(t);
  const half = n >> 1;
  const coupling = t.offDiagonal[half - 1]!;
  const rho = Math.abs(coupling);
  const upper = { diagonal: t.diagonal.slice(0, half), offDiagonal: t.offDiagonal.subarray(0, half - 1) };
  const lower = { diagonal: t.diagonal.slice(half), offDiagonal: t.offDiagonal.subarray(half) };
  upper.diagonal[half - 1]! -= rho;
  lower.diagonal[0]! -= rho;
  return joinSpectra(divide(upper), divide(lower), rho, coupling < 0 ? -1 : 1);
}

function conquer(t: Tridiagonal): Spectrum {
  const n = t.diagonal.length;
  const rotated = identityMatrix(n);
  const unsorted = implicitQL(t, rotated);
  const order = [...unsorted.keys()].sort((a, b) => unsorted[a]! - unsorted[b]!);
  const vectors = identityMatrix(n);
  order.forEach((from, to) => vectors.data.set(rotated.data.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (index) => unsorted[index]!), vectors };
}

function scaled(t: Tridiagonal, scale: number): Tridiagonal {
  return {
    diagonal: t.diagonal.map((entry) => entry / scale),
    offDiagonal: t.offDiagonal.map((entry) => entry / scale),
  };
}
