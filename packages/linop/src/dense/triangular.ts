import { ShapeError } from '@ntk/tensor';
import { type Block, blockOf, subBlock, transposed } from './block.ts';
import { type Matrix, copyMatrix, squareSize } from './matrix.ts';
import { multiplyAdd } from './multiply.ts';

// Below this size a triangle is solved entry by entry; above, all work is in products.
const BASE = 32;

/** Options of the triangular solves. */
export interface TriangularOptions {
  /** Overwrite the right-hand sides with the solution instead of copying them. */
  readonly inPlace?: boolean;
}

/**
 * Solves L x = b by forward substitution.
 *
 * @param l - lower triangular, [n, n]; the entries above the diagonal are not read
 * @param b - right-hand sides, [k, n], one a row; overwritten only if `inPlace`
 * @returns x, [k, n]; a zero on the diagonal gives infinities, as the division does
 * @throws {ShapeError} if l is not square or the right-hand sides have not n entries
 *
 * Cost: k·n²/2 multiply-adds, in products of blocks.
 */
export function solveLower(l: Matrix, b: Matrix, options: TriangularOptions = {}): Matrix {
  const x = prepare(l, b, options, 'solveLower');
  forwardSubstitute(blockOf(l), blockOf(x));
  return x;
}

/**
 * Solves Lᵀ x = b by backward substitution.
 *
 * @param l - lower triangular, [n, n]; the entries above the diagonal are not read
 * @param b - right-hand sides, [k, n], one a row; overwritten only if `inPlace`
 * @returns x, [k, n]; a zero on the diagonal gives infinities, as the division does
 * @throws {ShapeError} if l is not square or the right-hand sides have not n entries
 *
 * Cost: k·n²/2 multiply-adds, in products of blocks.
 */
export function solveLowerTransposed(l: Matrix, b: Matrix, options: TriangularOptions = {}): Matrix {
  const x = prepare(l, b, options, 'solveLowerTransposed');
  backwardSubstitute(blockOf(l), blockOf(x));
  return x;
}

/**
 * Solves A x = L Lᵀ x = b from the Cholesky factor L of A.
 *
 * @param l - lower triangular, [n, n]; the entries above the diagonal are not read
 * @param b - right-hand sides, [k, n], one a row; overwritten only if `inPlace`
 * @returns x, [k, n]
 * @throws {ShapeError} if l is not square or the right-hand sides have not n entries
 *
 * Cost: k·n² multiply-adds, in products of blocks.
 */
export function choleskySolve(l: Matrix, b: Matrix, options: TriangularOptions = {}): Matrix {
  const x = prepare(l, b, options, 'choleskySolve');
  forwardSubstitute(blockOf(l), blockOf(x));
  backwardSubstitute(blockOf(l), blockOf(x));
  return x;
}

/** Overwrites each row b of B with L⁻¹ b: B ← B L⁻ᵀ, halving the triangle so that the work is products. */
export function forwardSubstitute(l: Block, b: Block): void {
  const n = l.rows;
  if (n <= BASE) {
    forwardSubstituteBase(l, b);
    return;
  }
  const half = splitPoint(n);
  const left = subBlock(b, 0, 0, b.rows, half);
  const right = subBlock(b, 0, half, b.rows, n - half);
  forwardSubstitute(subBlock(l, 0, 0, half, half), left);
  multiplyAdd(right, left, transposed(subBlock(l, half, 0, n - half, half)), -1);
  forwardSubstitute(subBlock(l, half, half, n - half, n - half), right);
}

/** Overwrites each row b of B with L⁻ᵀ b: B ← B L⁻¹. */
export function backwardSubstitute(l: Block, b: Block): void {
  const n = l.rows;
  if (n <= BASE) {
    backwardSubstituteBase(l, b);
    return;
  }
  const half = splitPoint(n);
  const left = subBlock(b, 0, 0, b.rows, half);
  const right = subBlock(b, 0, half, b.rows, n - half);
  backwardSubstitute(subBlock(l, half, half, n - half, n - half), right);
  multiplyAdd(left, right, subBlock(l, half, 0, n - half, half), -1);
  backwardSubstitute(subBlock(l, 0, 0, half, half), left);
}

/** The size of the leading part when a triangle of size n is halved: a multiple of the base size, so that tiles stay whole. */
export function splitPoint(n: number): number {
  return Math.ceil(n / 2 / BASE) * BASE;
}

function prepare(l: Matrix, b: Matrix, options: TriangularOptions, caller: string): Matrix {
  const n = squareSize(l, caller);
  if (b.columns !== n) {
    throw new ShapeError(
      `${caller}: got right-hand sides of ${b.columns} entries, expected ${n}; store one right-hand side a row`,
    );
  }
  return options.inPlace === true ? b : copyMatrix(b);
}

/**
 * `forwardSubstitute` entry by entry, for small triangles. Four right-hand sides at a time: their sums don't wait for each other, and an entry of L is
 * loaded once for the four.
 */
export function forwardSubstituteBase(l: Block, b: Block): void {
  let row = 0;
  for (; row + 4 <= b.rows; row += 4) forwardSubstituteFour(l, b, b.offset + row * b.rowStride);
  for (; row < b.rows; row++) forwardSubstituteOne(l, b.data, b.offset + row * b.rowStride);
}

function forwardSubstituteFour(l: Block, b: Block, start: number): void {
  const { data, rowStride } = b;
  const r1 = start + rowStride,
    r2 = r1 + rowStride,
    r3 = r2 + rowStride;
  for (let j = 0; j < l.rows; j++) {
    const lRow = l.offset + j * l.rowStride;
    let s0 = data[start + j]!,
      s1 = data[r1 + j]!,
      s2 = data[r2 + j]!,
      s3 = data[r3 + j]!;
    for (let k = 0; k < j; k++) {
      const factor = l.data[lRow + k]!;
      s0 -= factor * data[start + k]!;
      s1 -= factor * data[r1 + k]!;
      s2 -= factor * data[r2 + k]!;
      s3 -= factor * data[r3 + k]!;
    }
    const pivot = l.data[lRow + j]!;
    data[start + j] = s0 / pivot;
    data[r1 + j] = s1 / pivot;
    data[r2 + j] = s2 / pivot;
    data[r3 + j] = s3 / pivot;
  }
}

function forwardSubstituteOne(l: Block, data: Float64Array, start: number): void {
  for (let j = 0; j < l.rows; j++) {
    const lRow = l.offset + j * l.rowStride;
    let sum = data[start + j]!;
    for (let k = 0; k < j; k++) sum -= l.data[lRow + k]! * data[start + k]!;
    data[start + j] = sum / l.data[lRow + j]!;
  }
}

// Subtracts each solved entry from those before it: L is read along its rows.
function backwardSubstituteBase(l: Block, b: Block): void {
  for (let row = 0; row < b.rows; row++) {
    const start = b.offset + row * b.rowStride;
    for (let j = l.rows - 1; j >= 0; j--) {
      const lRow = l.offset + j * l.rowStride;
      const x = b.data[start + j]! / l.data[lRow + j]!;
      b.data[start + j] = x;
      for (let k = 0; k < j; k++) b.data[start + k]! -= x * l.data[lRow + k]!;
    }
  }
}
