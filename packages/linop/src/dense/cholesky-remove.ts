import { OptionError } from '@ntk/tensor';
import { choleskyUpdate } from './cholesky-update.ts';
import { type Matrix, matrix, squareSize } from './matrix.ts';

/**
 * The Cholesky factor of A without some consecutive rows and their columns, from that of A: taking examples out of a posterior.
 *
 * The rows above stay as they are; what the removed rows explained of those below is added to them, so that it cannot fail.
 *
 * @param l - L with L Lᵀ = A, lower triangular with zeros above the diagonal, [n, n]; borrowed
 * @param start - first row that is removed
 * @param count - how many are
 * @returns the factor, [n − count, n − count], which shares nothing with `l`
 * @throws {ShapeError} if l is not square
 * @throws {OptionError} if there are no such rows
 *
 * Cost: 2·count·m² multiplications with m rows below, and (n − count)² copies. Source: Golub & Van Loan (2013), section 6.5.4.
 */
export function choleskyRemove(l: Matrix, start: number, count: number): Matrix {
  const n = squareSize(l, 'choleskyRemove');
  const isRange = Number.isInteger(start) && Number.isInteger(count) && start >= 0 && count >= 0 && start + count <= n;
  if (!isRange) {
    throw new OptionError(
      `choleskyRemove: got ${count} rows from row ${start} on, expected rows among the ${n} there are`,
    );
  }
  const below = n - start - count;
  const trailing = matrix(below, below);
  const removed = matrix(count, below);
  for (let i = 0; i < below; i++) {
    const row = (start + count + i) * n;
    trailing.data.set(l.data.subarray(row + start + count, row + n), i * below);
    for (let j = 0; j < count; j++) removed.data[j * below + i] = l.data[row + start + j]!;
  }
  const updated = choleskyUpdate(trailing, removed);
  const rest = matrix(n - count, n - count);
  for (let i = 0; i < start; i++) rest.data.set(l.data.subarray(i * n, i * n + start), i * rest.columns);
  for (let i = 0; i < below; i++) {
    const row = (start + count + i) * n;
    rest.data.set(l.data.subarray(row, row + start), (start + i) * rest.columns);
    rest.data.set(updated.data.subarray(i * below, (i + 1) * below), (start + i) * rest.columns + start);
  }
  return rest;
}
