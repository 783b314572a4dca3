import { type Matrix, matrix } from '@ntk/linop';

/** Vectors that are collected one by one in contiguous rows, so that products with all of them are one call. */
export class GrowingBasis {
  readonly #limit: number;
  #rows: Matrix;
  #size = 0;

  /**
   * @param columns - entries of each vector
   * @param limit - most vectors that will come
   */
  constructor(columns: number, limit: number) {
    this.#limit = limit;
    this.#rows = matrix(Math.min(limit, 8), columns);
  }

  get size(): number {
    return this.#size;
  }

  /** All vectors as rows, [size, columns]; a view, valid until the next is added. */
  get rows(): Matrix {
    const n = this.#rows.columns;
    return matrix(this.#size, n, this.#rows.data.subarray(0, this.#size * n));
  }

  /** The vector added last; a view, valid until the next is added. */
  get last(): Float64Array {
    const n = this.#rows.columns;
    return this.#rows.data.subarray((this.#size - 1) * n, this.#size * n);
  }

  /** Adds vector / length. */
  add(vector: Float64Array, length: number): void {
    const n = this.#rows.columns;
    if (this.#size === this.#rows.rows) {
      const larger = matrix(Math.min(this.#limit, 2 * this.#rows.rows), n);
      larger.data.set(this.#rows.data);
      this.#rows = larger;
    }
    const start = this.#size * n;
    for (let j = 0; j < n; j++) this.#rows.data[start + j] = vector[j]! / length;
    this.#size++;
  }
}
