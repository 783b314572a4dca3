import { type LinearOperator, type Matrix, copyMatrix, matrix } from '@ntk/linop';
import { multiply } from '../multiply.ts';
import type { Column } from './column.ts';

/**
 * The solutions of a block in float64 on the host, to which an iteration adds what it has found since it last started from a true
 * residual. Sums of few large parts round less than sums of many small ones, and a float32 iteration adds up to float64 this way.
 *
 * Everything is scaled as its column says, but for `value`. Source: group-wise update, van der Vorst & Ye (2000), section 3.
 */
export class AccumulatedSolution {
  readonly #A: LinearOperator;
  readonly #b: Matrix;
  readonly #x: Matrix;

  /**
   * @param b - right-hand sides, [k, n]; borrowed
   * @param start - where to start, [k, n], borrowed; zero where absent
   */
  constructor(A: LinearOperator, b: Matrix, start: Matrix | undefined) {
    this.#A = A;
    this.#b = b;
    this.#x = start === undefined ? matrix(b.rows, A.shape[1]) : copyMatrix(start);
  }

  /** An independent copy, with the same right-hand sides. */
  copy(): AccumulatedSolution {
    return new AccumulatedSolution(this.#A, this.#b, this.#x);
  }

  /** Adds row i of an increment to the solution of column i; what is returned is the sum, a new block of those rows. */
  plus(columns: readonly Column[], increment: Matrix): Matrix {
    const n = increment.columns;
    const sum = copyMatrix(increment);
    columns.forEach(({ index }, i) => {
      for (let j = 0; j < n; j++) sum.data[i * n + j]! += this.#x.data[index * n + j]!;
    });
    return sum;
  }

  /** The true residuals b − A x of some columns for a block of their x. Cost: one product. */
  async residuals(columns: readonly Column[], x: Matrix): Promise<Matrix> {
    const residual = await multiply(this.#A, x); // [rows, n]
    const n = residual.columns;
    columns.forEach(({ index }, i) => {
      for (let j = 0; j < n; j++) residual.data[i * n + j] = this.#b.data[index * n + j]! - residual.data[i * n + j]!;
    });
    return residual;
  }

  /** Makes row i of x the solution of a column. */
  set({ index }: Column, x: Matrix, i: number): void {
    const n = x.columns;
    this.#x.data.set(x.data.subarray(i * n, (i + 1) * n), index * n);
  }

  /** Says that a column has no solution. */
  clear({ index }: Column): void {
    const n = this.#x.columns;
    this.#x.data.fill(NaN, index * n, (index + 1) * n);
  }

  /** A copy of all solutions as they are, unscaled, [k, n]. */
  value(columns: readonly Column[]): Matrix {
    const value = copyMatrix(this.#x);
    const n = value.columns;
    for (const { index, scale } of columns) {
      for (let j = index * n; j < (index + 1) * n; j++) value.data[j]! *= scale;
    }
    return value;
  }
}
