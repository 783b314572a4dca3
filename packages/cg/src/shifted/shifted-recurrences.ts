import type { Column } from '../cg/column.ts';

/** The solution for one shift of one right-hand side, carried along by the recurrence of another shift. */
interface ShiftedPair {
  /** The shift less that of the recurrence: δ ≥ 0. */
  readonly delta: number;
  readonly x: Float64Array;
  readonly p: Float64Array;
  /** ζ_n / ζ_{n−1}, where ζ_n r_n is the residual of this shift; in (0, 1]. */
  ratio: number;
  zeta: number;
  done: boolean;
}

/**
 * One right-hand side of multi-shift conjugate gradients: the recurrence of the smallest shift, and those of the others, which it
 * determines without further products.
 *
 * Residuals of different shifts are parallel, r^δ_n = ζ_n r_n. With the ratio ρ = ζ_{n+1} / ζ_n it follows that
 * 1/ρ = 1 + (α_n β_{n−1} / α_{n−1}) (1 − ρ_{n−1}) + δ α_n, α^δ_n = ρ α_n and β^δ_n = ρ² β_n. All ratios are at most 1: larger shifts
 * converge no later. Kept as ratios, they don't underflow.
 *
 * Source: Jegerlehner (1996), Krylov space solvers for shifted linear systems, equations 2.42 to 2.44; Frommer & Maass (1999).
 */
export class ShiftedRecurrences {
  readonly column: Column;
  readonly r: Float64Array;
  readonly p: Float64Array;
  readonly pairs: readonly ShiftedPair[];
  #rr: number;
  #alpha = 1;
  #beta = 0;

  /**
   * @param b - the scaled right-hand side, [n]; borrowed
   * @param deltas - each shift less the smallest
   */
  constructor(column: Column, b: Float64Array, deltas: readonly number[]) {
    this.column = column;
    this.r = b.slice();
    this.p = b.slice();
    this.#rr = column.norm ** 2;
    this.pairs = deltas.map((delta) => ({
      delta,
      x: new Float64Array(b.length),
      p: b.slice(),
      ratio: 1,
      zeta: 1,
      done: column.norm <= column.tolerance,
    }));
  }

  /** ‖r‖². */
  get rr(): number {
    return this.#rr;
  }

  /** Whether all shifts have converged, by the recurrence. */
  get done(): boolean {
    return this.pairs.every((pair) => pair.done);
  }

  /**
   * One step.
   *
   * @param q - (A + smallest shift · I) p, [n]; borrowed
   * @param pq - pᵀq, positive
   */
  advance(q: Float64Array, pq: number): void {
    const alpha = this.#rr / pq;
    const coupling = (alpha * this.#beta) / this.#alpha;
    for (const pair of this.pairs) {
      if (pair.done) continue;
      pair.ratio = 1 / (1 + coupling * (1 - pair.ratio) + pair.delta * alpha);
      pair.zeta *= pair.ratio;
      addScaled(pair.x, alpha * pair.ratio, pair.p);
    }
    addScaled(this.r, -alpha, q);
    const rr = this.r.reduce((sum, entry) => sum + entry * entry, 0);
    const beta = rr / this.#rr;
    for (const pair of this.pairs) {
      if (pair.done) continue;
      pair.done = pair.zeta * Math.sqrt(rr) <= this.column.tolerance;
      combine(pair.p, beta * pair.ratio ** 2, pair.zeta, this.r);
    }
    combine(this.p, beta, 1, this.r);
    this.#rr = rr;
    this.#alpha = alpha;
    this.#beta = beta;
    this.column.steps++;
  }
}

// y += factor · x
function addScaled(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i]! += factor * x[i]!;
}

// p = beta · p + zeta · r
function combine(p: Float64Array, beta: number, zeta: number, r: Float64Array): void {
  for (let i = 0; i < p.length; i++) p[i] = beta * p[i]! + zeta * r[i]!;
}
