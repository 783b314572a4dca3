import { type LinearOperator, type Matrix, NumericalError, diagonal, gemm, matrix } from '@ntk/linop';
import { unitRoundoff } from '@ntk/tensor';
import { multiply } from '../multiply.ts';

/** How pivots are chosen. */
export interface PivotRule {
  /** At most `count` rows to try next, from what is left of the diagonal; repeated ones are allowed. */
  propose(left: Float64Array, count: number): number[];
  /** Whether a proposed row is still worth it, now that those before it in the block have been taken. */
  accepts(left: number, whenProposed: number): boolean;
}

/** What to factorise, and how far. */
export interface PartialCholeskyOptions {
  /** Diagonal of the kernel plus noise, [n], where the caller knows it. */
  readonly diagonal: Float64Array | undefined;
  /** What A adds to the kernel's diagonal, [n]. */
  readonly noise: Float64Array;
  /** Most rows of the factor. */
  readonly rank: number;
  /** Columns of A that are computed at a time. */
  readonly blockSize: number;
  readonly rule: PivotRule;
}

/**
 * Factorises the kernel K of A = K + noise by a Cholesky decomposition of some of its rows: K ≈ FᵀF.
 *
 * It ends early where K is exhausted to the rounding of its products.
 *
 * @returns F, [r, n] with r ≤ rank
 * @throws {NumericalError} if A has a diagonal entry that is not positive, or a number that is not finite
 *
 * Cost: about r products with A in blocks, and r²·n multiply-adds; the diagonal of A.
 * Source: Harbrecht, Peters & Schneider (2012), algorithm 1; proposals that are dropped: Epperly, Tropp & Webber (2024), Embrace rejection.
 */
export async function partialCholesky(A: LinearOperator, options: PartialCholeskyOptions): Promise<Matrix> {
  const { noise, blockSize, rule } = options;
  const n = A.shape[0];
  const rank = Math.min(options.rank, n);
  const left = kernelDiagonal(options.diagonal ?? (await diagonal(A)), noise);
  // What is below the rounding of the products counts as nothing.
  const floor = 4 * unitRoundoff(A.dtype) * left.reduce((most, value) => Math.max(most, value), 0);
  const factor = matrix(rank, n);
  let count = 0;
  while (count < rank && left.some((value) => value > 0)) {
    const proposed = rule.propose(left, Math.min(blockSize, rank - count));
    const before = proposed.map((row) => left[row]!);
    const columns = await kernelColumns(A, proposed, noise); // [b, n]
    proposed.forEach((row, i) => {
      const column = matrix(1, n, columns.data.subarray(i * n, (i + 1) * n));
      if (count < rank && left[row]! > 0 && (i === 0 || rule.accepts(left[row]!, before[i]!))) {
        count += eliminate(factor, count, { row, column, floor, left });
      }
    });
  }
  return matrix(count, n, factor.data.subarray(0, count * n));
}

interface Pivot {
  readonly row: number;
  readonly column: Matrix;
  readonly floor: number;
  readonly left: Float64Array;
}

// Adds a row to the factor; 0 if the column turns out to be nothing but rounding.
function eliminate(factor: Matrix, count: number, { row, column, floor, left }: Pivot): 0 | 1 {
  const n = factor.columns;
  const before = matrix(count, n, factor.data.subarray(0, count * n));
  const entries = matrix(1, count);
  for (let j = 0; j < count; j++) entries.data[j] = factor.data[j * n + row]!;
  gemm(entries, before, { alpha: -1, addTo: column });
  const pivot = column.data[row]!;
  if (!(pivot > floor)) {
    left[row] = 0;
    return 0;
  }
  const root = Math.sqrt(pivot);
  for (let j = 0; j < n; j++) {
    const entry = column.data[j]! / root;
    factor.data[count * n + j] = entry;
    const rest = left[j]! - entry * entry;
    left[j] = rest > floor ? rest : 0;
  }
  left[row] = 0;
  return 1;
}

async function kernelColumns(A: LinearOperator, rows: readonly number[], noise: Float64Array): Promise<Matrix> {
  const n = A.shape[0];
  const units = matrix(rows.length, n);
  rows.forEach((row, i) => (units.data[i * n + row] = 1));
  const columns = await multiply(A, units);
  const bad = columns.data.findIndex((entry) => !Number.isFinite(entry));
  if (bad >= 0) throw notFinite(columns.data[bad]!, `in column ${rows[Math.floor(bad / n)]} of the operator`);
  rows.forEach((row, i) => (columns.data[i * n + row]! -= noise[row]!));
  return columns;
}

function kernelDiagonal(diagonalOfA: Float64Array, noise: Float64Array): Float64Array {
  return diagonalOfA.map((value, i) => {
    if (!Number.isFinite(value)) throw notFinite(value, `at entry ${i} of the diagonal`);
    if (!(value > 0)) {
      throw new NumericalError(
        `partialCholesky: got ${value} at entry ${i} of the diagonal, expected positive numbers; the operator is not positive definite`,
        'breakdown',
      );
    }
    return Math.max(0, value - noise[i]!);
  });
}

function notFinite(value: number, where: string): NumericalError {
  return new NumericalError(
    `partialCholesky: got ${value} ${where}, expected finite numbers; look for missing values or overflow`,
    'non-finite-input',
  );
}
