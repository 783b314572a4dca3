import { type Matrix, gemm, matrix, solveLower } from '@ntk/linop';

/** What leaving out sketches takes from the space that they span. */
export interface LeftOutDirections {
  /**
   * Rows s_i of length 1: the projector on all sketches but i is Qᵀ(I − s_i s_iᵀ)Q. [m, m]
   */
  readonly s: Matrix;
  /** Their dot products, [m, m]. */
  readonly gram: Matrix;
}

/**
 * For each i, the unit vector s_i that leaving out A ω_i takes from the space.
 *
 * With A Ω = T Q (rows), s_i is orthogonal to the rows j ≠ i of T: it is along column i of T⁻¹.
 *
 * @param t - lower triangular, [m, m]; zeros on the diagonal count as the smallest rounding
 *
 * Cost: m³ multiply-adds. Source: Epperly, Tropp & Webber (2024), equation 2.5.
 */
export function leftOutDirections(t: Matrix): LeftOutDirections {
  const m = t.rows;
  const floor = Number.EPSILON * t.data.reduce((most, entry) => Math.max(most, Math.abs(entry)), Number.MIN_VALUE);
  const regular = matrix(m, m, t.data.slice());
  const identity = matrix(m, m);
  for (let i = 0; i < m; i++) {
    identity.data[i * m + i] = 1;
    if (Math.abs(regular.data[i * m + i]!) < floor) regular.data[i * m + i] = floor;
  }
  // Row i of this solves T x = e_i: column i of T⁻¹.
  const s = solveLower(regular, identity, { inPlace: true });
  for (let i = 0; i < m; i++) {
    const row = s.data.subarray(i * m, (i + 1) * m);
    const length = Math.hypot(...row);
    for (let j = 0; j < m; j++) row[j]! /= length;
  }
  return { s, gram: gemm(s, s, { transposeB: true }) };
}

/** A unit vector as a combination x s_i + y s_j. */
export interface Direction {
  readonly x: number;
  readonly y: number;
}

// Directions this close can't be told apart.
const PARALLEL = 1e-12;

/** An orthonormal basis of what leaving out both i and j takes from the space: s_j, and s_i made orthogonal to it where it differs. */
export function leftOutBasis({ gram }: LeftOutDirections, i: number, j: number): Direction[] {
  const last: Direction = { x: 0, y: 1 };
  if (i === j) return [last];
  const c = gram.data[i * gram.columns + j]!;
  const rest = 1 - c * c;
  if (!(rest > PARALLEL)) return [last];
  return [last, { x: 1 / Math.sqrt(rest), y: -c / Math.sqrt(rest) }];
}
