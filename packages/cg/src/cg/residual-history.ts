import type { VectorSpace } from '../vectors/vector-space.ts';

interface Entry<V> {
  readonly r: V;
  /** The same block as r where there is no preconditioner. */
  readonly z: V;
  /** rᵀz of each row; 0 in rows that have started anew since. */
  rz: Float64Array;
}

/**
 * The residuals of conjugate gradients so far, against which new ones are made orthogonal (in the inner product of M⁻¹), as they are
 * in exact arithmetic. It costs memory, and saves the steps that rounding adds: n of them are enough for any condition.
 *
 * Source: Golub & Van Loan (2013), section 10.3.4, for Lanczos; the residuals are Lanczos vectors up to length.
 */
export class ResidualHistory<V> {
  readonly #space: VectorSpace<V>;
  #entries: Entry<V>[] = [];

  constructor(space: VectorSpace<V>) {
    this.#space = space;
  }

  /** Remembers residuals and what the preconditioner makes of them; copies are kept. */
  async add(r: V, z: V | undefined, rz: Float64Array): Promise<void> {
    const copy = await this.#space.copy(r);
    this.#entries.push({ r: copy, z: z === undefined ? copy : await this.#space.copy(z), rz: rz.slice() });
  }

  /** Makes residuals orthogonal to those remembered; consumes r. Cost: 2 vector operations for each. */
  async orthogonalize(r: V): Promise<V> {
    let result = r;
    for (const entry of this.#entries) {
      const [products] = await this.#space.dots([result, entry.z]);
      const factors = products!.map((product, i) => (entry.rz[i]! > 0 ? -product / entry.rz[i]! : 0));
      result = await this.#space.addScaled(result, factors, entry.r);
    }
    return result;
  }

  /** Forgets the past of some rows. */
  forget(rows: readonly number[]): void {
    for (const { rz } of this.#entries) for (const row of rows) rz[row] = 0;
  }

  /** Keeps some rows of everything. */
  async select(rows: readonly number[]): Promise<void> {
    const entries: Entry<V>[] = [];
    for (const { r, z, rz } of this.#entries) {
      const kept = await this.#space.select(r, rows);
      const keptZ = z === r ? kept : await this.#space.select(z, rows);
      entries.push({ r: kept, z: keptZ, rz: Float64Array.from(rows, (row) => rz[row]!) });
      this.#space.release(r);
      if (z !== r) this.#space.release(z);
    }
    this.#entries = entries;
  }
}
