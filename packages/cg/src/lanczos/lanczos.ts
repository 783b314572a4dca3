import { type IsEnough, type KrylovSpace, type LinearOperator, type Matrix, requireTag } from '@ntk/linop';
import { OptionError, ShapeError, unitRoundoff } from '@ntk/tensor';
import { multiplyInBlocks } from '../multiply.ts';
import { LanczosProcess } from './lanczos-process.ts';

/** Settings of Lanczos. */
export interface LanczosOptions {
  /** Most steps, the size of T. */
  readonly steps: number;
  /** Asked after every four steps whether they are enough; never unless given. */
  readonly isEnough?: IsEnough;
}

const STRIDE = 4;

/**
 * Reduces a symmetric operator to tridiagonal form on the Krylov spaces of some vectors, with full reorthogonalisation in float64.
 *
 * @param A - symmetric, [n, n]; borrowed
 * @param starts - starting vectors, [k, n], one a row, of any length but 0; borrowed
 * @returns the space of each of them; a space ends early where its space is invariant to the rounding of the products
 * @throws {TagError | ShapeError | OptionError} if operator, vectors and options do not fit
 * @throws {NumericalError} if a product is not finite
 *
 * Cost: `steps` products of a block and 2·k·steps²·n multiply-adds; k·steps·n numbers of memory.
 * Source: Golub & Van Loan (2013), sections 10.1 and 10.3.4.
 */
export async function lanczos(
  A: LinearOperator,
  starts: Matrix,
  { steps, isEnough = () => false }: LanczosOptions,
): Promise<KrylovSpace[]> {
  checkSymmetric(A, 'lanczos');
  if (starts.columns !== A.shape[1]) {
    throw new ShapeError(
      `lanczos: got starting vectors of ${starts.columns} entries, expected ${A.shape[1]}; store one a row`,
    );
  }
  for (let i = 0; i < starts.rows; i++) {
    const row = starts.data.subarray(i * starts.columns, (i + 1) * starts.columns);
    if (row.every((entry) => entry === 0)) {
      throw new OptionError(`lanczos: got the zero vector in row ${i} of the starting vectors, expected any other`);
    }
  }
  checkCount(steps, 'lanczos', 'steps');
  const limits = { maxSteps: steps, roundoff: unitRoundoff(A.dtype) };
  const process = new LanczosProcess((x) => multiplyInBlocks(A, x), starts, limits);
  do {
    for (let i = 0; i < STRIDE && !process.done; i++) await process.step();
  } while (!process.done && !(await isEnough(process.reduced())));
  return process.results();
}

/** @throws {TagError | ShapeError} unless the operator is square and says that it is symmetric */
export function checkSymmetric(A: LinearOperator, caller: string): void {
  requireTag(A, 'symmetric', caller);
  checkSquare(A, caller);
}

/** @throws {ShapeError} unless the operator is square */
export function checkSquare(A: LinearOperator, caller: string): void {
  if (A.shape[0] === A.shape[1]) return;
  throw new ShapeError(`${caller}: got an operator of ${A.shape.join(' × ')}, expected a square one`);
}

/** @throws {OptionError} unless a number counts something */
export function checkCount(value: number, caller: string, name: string, least = 1): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new OptionError(`${caller}: got ${name} ${value}, expected an integer of at least ${least}`);
}
