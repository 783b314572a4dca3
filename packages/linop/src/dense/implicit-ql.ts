import { NumericalError } from '../errors.ts';
import type { Matrix } from './matrix.ts';
import type { Tridiagonal } from './tridiagonal.ts';

const MAX_SWEEPS = 60;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by the implicit QL method, in no particular order.
 *
 * @param t - [n], of norm near 1, so that squares neither overflow nor vanish; borrowed
 * @param vectors - where given, [n, m]: its rows are rotated along, so that starting from the identity row j becomes the unit
 *   eigenvector of eigenvalue j; written
 * @returns the eigenvalues, [n]
 * @throws {NumericalError} if an eigenvalue takes more than 60 sweeps, which finite numbers do not
 *
 * Cost: about 20·n² operations, and 6·n²·m for the vectors. Source: Bowdler, Martin, Reinsch & Wilkinson (1968).
 */
export function implicitQL(t: Tridiagonal, vectors?: Matrix): Float64Array {
  const d = t.diagonal.slice();
  const n = d.length;
  const e = new Float64Array(n);
  e.set(t.offDiagonal);
  for (let first = 0; first < n; first++) {
    for (let sweeps = 0; ; sweeps++) {
      const last = negligibleAfter(d, e, first);
      if (last === first) break;
      if (sweeps === MAX_SWEEPS) {
        throw new NumericalError(
          `implicitQL: eigenvalue ${first} of ${n} did not converge in ${MAX_SWEEPS} sweeps; check the matrix for entries that are not finite`,
          'breakdown',
        );
      }
      sweep(d, e, first, last, vectors);
    }
  }
  return d;
}

// The first index from `first` on whose off-diagonal entry to the next is lost in rounding.
function negligibleAfter(d: Float64Array, e: Float64Array, first: number): number {
  let m = first;
  while (m < d.length - 1) {
    if (Math.abs(e[m]!) <= 0.5 * Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) break;
    m++;
  }
  return m;
}

// One implicitly shifted sweep from `last` up to `first`; letters as in the source.
function sweep(d: Float64Array, e: Float64Array, first: number, last: number, vectors: Matrix | undefined): void {
  let g = (d[first + 1]! - d[first]!) / (2 * e[first]!);
  const root = Math.sqrt(g * g + 1);
  g = d[last]! - d[first]! + e[first]! / (g + (g < 0 ? -root : root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[last] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    const q = (d[i]! - g) * s + 2 * c * b;
    p = s * q;
    d[i + 1] = g + p;
    g = c * q - b;
    if (vectors !== undefined)
      rotateRows(vectors.data, i * vectors.columns, (i + 1) * vectors.columns, vectors.columns, c, s);
  }
  d[first]! -= p;
  e[first] = g;
  e[last] = 0;
}

/** Rotates two rows in place: (x, y) ← (c x − s y, s x + c y). */
export function rotateRows(data: Float64Array, x: number, y: number, length: number, c: number, s: number): void {
  for (let k = 0; k < length; k++) {
    const u = data[x + k]!;
    const v = data[y + k]!;
    data[x + k] = c * u - s * v;
    data[y + k] = s * u + c * v;
  }
}
