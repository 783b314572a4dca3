import { type Matrix, matrix } from '@ntk/linop';
import { GrowingBasis } from '../dense/growing-basis.ts';
import { norm, projectOut } from '../dense/orthonormal-rows.ts';

/**
 * Golub-Kahan bidiagonalisation of J from one right-hand side: β₁u₁ = b, then α v = Jᵀu − β v and β u = J v − α u in turn.
 *
 * Source: Golub & Kahan (1965); letters as in Fong & Saunders (2011), section 2.1.
 */
export class Bidiagonalization {
  readonly u: Float64Array;
  readonly v: Float64Array;
  alpha = 0;
  beta: number;
  readonly #basis: GrowingBasis | undefined;

  /**
   * @param b - [rows]; borrowed
   * @param columns - of J
   * @param reorthogonalize - how many v are kept, and new ones made orthogonal to; 0 for none
   */
  constructor(b: Float64Array, columns: number, reorthogonalize: number) {
    this.u = b.slice();
    this.v = new Float64Array(columns);
    this.beta = normalize(this.u);
    this.#basis = reorthogonalize > 0 ? new GrowingBasis(columns, reorthogonalize) : undefined;
  }

  /** u ← J v − α u, of length 1. @param jv - J v, borrowed */
  takeRows(jv: Float64Array): void {
    for (let i = 0; i < this.u.length; i++) this.u[i] = jv[i]! - this.alpha * this.u[i]!;
    this.beta = normalize(this.u);
  }

  /** v ← Jᵀu − β v, of length 1, orthogonal to those kept. @param jtu - Jᵀu, borrowed */
  takeColumns(jtu: Float64Array): void {
    // Before the first step v is 0.
    for (let i = 0; i < this.v.length; i++) this.v[i] = jtu[i]! - this.beta * this.v[i]!;
    if (this.#basis !== undefined) this.#orthogonalize(this.#basis);
    this.alpha = normalize(this.v);
    if (this.#basis !== undefined && this.alpha > 0 && this.#basis.size < this.v.length) this.#basis.add(this.v, 1);
  }

  #orthogonalize(basis: GrowingBasis): void {
    const before = norm(this.v);
    const row: Matrix = matrix(1, this.v.length, this.v);
    projectOut(row, basis.rows);
    // What is left of a vector in the space of those before it is rounding.
    if (!(norm(this.v) > 8 * Number.EPSILON * before)) this.v.fill(0);
  }
}

// Scales to length 1, and returns the length it had.
function normalize(x: Float64Array): number {
  const length = norm(x);
  if (length > 0) for (let i = 0; i < x.length; i++) x[i]! /= length;
  return length;
}
