import { type KrylovSpace, type Matrix, NumericalError, matrix } from '@ntk/linop';
import { GrowingBasis } from '../dense/growing-basis.ts';
import { norm, projectOut } from '../dense/orthonormal-rows.ts';

/** The rows' images under a symmetric operator, [k, n] → [k, n]. */
export type BlockProduct = (x: Matrix) => Promise<Matrix>;

class Run {
  readonly diagonal: number[] = [];
  /** One entry more than T has: the last is what is beyond. */
  readonly offDiagonal: number[] = [];
  readonly #basis: GrowingBasis;
  /** Largest entry of T. */
  #scale = 0;
  invariant = false;

  constructor(start: Float64Array, capacity: number) {
    this.#basis = new GrowingBasis(start.length, capacity);
    this.#basis.add(start, norm(start));
  }

  get basis(): Matrix {
    return this.#basis.rows;
  }

  get last(): Float64Array {
    return this.#basis.last;
  }

  /** Takes A q_m: makes it orthogonal to all vectors so far, and starts the next one unless the space is full. */
  advance(product: Matrix, roundoff: number, isLast: boolean): void {
    const { size } = this.#basis;
    const coefficients = projectOut(product, this.#basis.rows);
    const rest = norm(product.data);
    this.diagonal.push(coefficients[size - 1]!);
    this.#scale = Math.max(this.#scale, Math.abs(coefficients[size - 1]!), rest);
    this.invariant = !(rest > roundoff * Math.sqrt(product.columns) * this.#scale) || size === product.columns;
    this.offDiagonal.push(this.invariant ? 0 : rest);
    if (!this.invariant && !isLast) this.#basis.add(product.data, rest);
  }
}

/**
 * Lanczos tridiagonalisation from several starting vectors, one step at a time. The runs share products, and are independent otherwise.
 *
 * Every new vector is made orthogonal to all before it, twice, so that no eigenvalue appears twice by rounding.
 *
 * Source: Golub & Van Loan (2013), section 10.1 and, for the orthogonalisation, 10.3.4.
 */
export class LanczosProcess {
  readonly #product: BlockProduct;
  readonly #roundoff: number;
  readonly #maxSteps: number;
  readonly #runs: readonly Run[];
  #steps = 0;
  #products = 0;

  /**
   * @param starts - starting vectors of any length but 0, [k, n]; borrowed
   * @param limits - the most steps, and the unit roundoff of the products
   */
  constructor(product: BlockProduct, starts: Matrix, limits: { readonly maxSteps: number; readonly roundoff: number }) {
    this.#product = product;
    this.#roundoff = limits.roundoff;
    this.#maxSteps = limits.maxSteps;
    const n = starts.columns;
    this.#runs = Array.from(
      { length: starts.rows },
      (_, i) => new Run(starts.data.subarray(i * n, (i + 1) * n), limits.maxSteps),
    );
  }

  get steps(): number {
    return this.#steps;
  }

  /** Vectors that were multiplied. */
  get products(): number {
    return this.#products;
  }

  /** Whether no run can go on. */
  get done(): boolean {
    return this.#steps >= this.#maxSteps || this.exhausted;
  }

  /** Whether every run has found an invariant space, so that T is exact. */
  get exhausted(): boolean {
    return this.#runs.every(({ invariant }) => invariant);
  }

  /**
   * One step of every run that can go on.
   *
   * @throws {NumericalError} if a product is not finite
   *
   * Cost: one product of a block, and 4·m·n multiply-adds a run at its step m.
   */
  async step(): Promise<void> {
    const open = this.#runs.filter(({ invariant }) => !invariant);
    const n = open[0]!.last.length;
    const block = matrix(open.length, n);
    open.forEach((run, i) => block.data.set(run.last, i * n));
    const products = await this.#product(block);
    if (products.data.some((entry) => !Number.isFinite(entry))) {
      throw new NumericalError(
        'lanczos: got a product that is not finite, expected finite numbers; look for missing values or overflow in the operator',
        'non-finite-input',
      );
    }
    this.#steps++;
    this.#products += open.length;
    open.forEach((run, i) => {
      const product = matrix(1, n, products.data.subarray(i * n, (i + 1) * n));
      run.advance(product, this.#roundoff, this.#steps === this.#maxSteps);
    });
  }

  /** What each run has found so far; at least one step must have been made. Bases are views of the process's own. */
  results(): KrylovSpace[] {
    return this.reduced().map((space, i) => {
      const { data, columns } = this.#runs[i]!.basis;
      const size = space.tridiagonal.diagonal.length;
      return { ...space, basis: matrix(size, columns, data.subarray(0, size * columns)) };
    });
  }

  /** The same without bases. */
  reduced(): Omit<KrylovSpace, 'basis'>[] {
    return this.#runs.map(({ diagonal, offDiagonal }) => {
      const size = diagonal.length;
      return {
        tridiagonal: {
          diagonal: Float64Array.from(diagonal),
          offDiagonal: Float64Array.from(offDiagonal.slice(0, size - 1)),
        },
        beyond: offDiagonal[size - 1] ?? 0,
      };
    });
  }
}
