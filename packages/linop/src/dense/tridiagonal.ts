import { ShapeError } from '@ntk/tensor';
import { NumericalError } from '../errors.ts';
import { type Matrix, copyMatrix } from './matrix.ts';

/** A symmetric tridiagonal matrix of size n. */
export interface Tridiagonal {
  /** [n] */
  readonly diagonal: Float64Array;
  /** Entry i stands in row i + 1, column i; [n − 1]. */
  readonly offDiagonal: Float64Array;
}

/** T + shift · I = L D Lᵀ with L unit lower bidiagonal. */
export interface TridiagonalFactor {
  /** Diagonal of D, all positive, [n]. */
  readonly pivots: Float64Array;
  /** Entries below the diagonal of L, [n − 1]. */
  readonly multipliers: Float64Array;
  /** log |T + shift · I|. */
  readonly logDeterminant: number;
}

/**
 * Factorises T + shift · I, which makes a whole family A + shift · I cheap once A = Q T Qᵀ is known.
 *
 * @param t - symmetric tridiagonal, [n]; borrowed
 * @param shift - in the units of T
 * @throws {NumericalError} if T + shift · I is not positive definite
 *
 * Cost: n divisions. Source: Golub & Van Loan (2013), Matrix computations, section 4.3.6.
 */
export function factorTridiagonal(t: Tridiagonal, shift: number): TridiagonalFactor {
  const n = t.diagonal.length;
  const pivots = new Float64Array(n);
  const multipliers = new Float64Array(Math.max(0, n - 1));
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) {
    let pivot = t.diagonal[i]! + shift;
    if (i > 0) {
      const entry = t.offDiagonal[i - 1]!;
      multipliers[i - 1] = entry / pivots[i - 1]!;
      pivot -= multipliers[i - 1]! * entry;
    }
    if (!(pivot > 0)) {
      throw new NumericalError(
        `factorTridiagonal: got a matrix that is not positive definite with the shift ${shift} (pivot ${i} of ${n} is ${pivot}), ` +
          'expected a positive definite one; raise the shift',
        Number.isFinite(pivot) ? 'breakdown' : 'non-finite-input',
      );
    }
    pivots[i] = pivot;
    logDeterminant += Math.log(pivot);
  }
  return { pivots, multipliers, logDeterminant };
}

/**
 * Solves (T + shift · I) x = b from its factor.
 *
 * @param factor - of size n; borrowed
 * @param b - right-hand sides, [k, n], one a row; borrowed
 * @returns x, [k, n]
 * @throws {ShapeError} if the right-hand sides have not n entries
 *
 * Cost: 3·k·n multiply-adds.
 */
export function solveTridiagonal(factor: TridiagonalFactor, b: Matrix): Matrix {
  const { pivots, multipliers } = factor;
  const n = pivots.length;
  if (b.columns !== n) {
    throw new ShapeError(
      `solveTridiagonal: got right-hand sides of ${b.columns} entries, expected ${n}; store one a row`,
    );
  }
  const x = copyMatrix(b);
  for (let start = 0; start < x.data.length; start += n) {
    for (let i = 1; i < n; i++) x.data[start + i]! -= multipliers[i - 1]! * x.data[start + i - 1]!;
    for (let i = n - 1; i >= 0; i--) {
      const next = i + 1 < n ? multipliers[i]! * x.data[start + i + 1]! : 0;
      x.data[start + i] = x.data[start + i]! / pivots[i]! - next;
    }
  }
  return x;
}

/** The largest absolute entry, or 1 for the zero matrix: what to divide by so that squares neither overflow nor vanish. */
export function tridiagonalNorm(t: Tridiagonal): number {
  let largest = 0;
  for (const entry of t.diagonal) largest = Math.max(largest, Math.abs(entry));
  for (const entry of t.offDiagonal) largest = Math.max(largest, Math.abs(entry));
  return largest === 0 ? 1 : largest;
}
