import { ShapeError } from '@ntk/tensor';

/**
 * A dense float64 matrix on the host, row-major: entry (i, j) is `data[i * columns + j]`.
 *
 * A block of k right-hand sides of length n is a Matrix with k rows and n columns: each right-hand side is contiguous.
 */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/**
 * Makes a Matrix around `data`, or of zeros.
 *
 * @param rows - number of rows, a non-negative integer
 * @param columns - number of columns, a non-negative integer
 * @param data - row-major entries; aliased, not copied
 * @throws {ShapeError} if a size is not a non-negative integer or `data` has not rows * columns entries
 */
export function matrix(rows: number, columns: number, data: Float64Array = zeros(rows, columns)): Matrix {
  checkSizes(rows, columns);
  if (data.length !== rows * columns) {
    throw new ShapeError(
      `matrix: got ${data.length} entries for ${rows} rows and ${columns} columns, expected ${rows * columns}; ` +
        'pass all entries, row by row',
    );
  }
  return { rows, columns, data };
}

/** Copies a Matrix; the copy shares nothing with the original. Cost: rows * columns copies. */
export function copyMatrix(a: Matrix): Matrix {
  return { rows: a.rows, columns: a.columns, data: a.data.slice() };
}

/** Makes the identity of size n, [n, n]. */
export function identityMatrix(n: number): Matrix {
  const identity = matrix(n, n);
  for (let i = 0; i < n; i++) identity.data[i * n + i] = 1;
  return identity;
}

/** The transpose as a new matrix, [columns, rows]. */
export function transposeMatrix(a: Matrix): Matrix {
  const result = matrix(a.columns, a.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++) result.data[j * a.rows + i] = a.data[i * a.columns + j]!;
  }
  return result;
}

/** Copies the entries below the diagonal of a square matrix to their places above it, in place. Cost: n²/2 copies. */
export function mirrorLower(a: Matrix): void {
  const { rows: n, data } = a;
  const side = 32;
  for (let row = 0; row < n; row += side) {
    for (let column = 0; column <= row; column += side) {
      for (let i = row; i < Math.min(n, row + side); i++) {
        const end = Math.min(i, column + side);
        for (let j = column; j < end; j++) data[j * n + i] = data[i * n + j]!;
      }
    }
  }
}

/**
 * Returns the size of a square matrix.
 *
 * @param caller - the function on whose behalf the check is made, named in the message
 * @throws {ShapeError} if `a` is not square
 */
export function squareSize(a: Matrix, caller: string): number {
  if (a.rows !== a.columns) {
    throw new ShapeError(
      `${caller}: got a matrix of ${a.rows} × ${a.columns}, expected a square one; check which operand is passed`,
    );
  }
  return a.rows;
}

function zeros(rows: number, columns: number): Float64Array {
  checkSizes(rows, columns);
  return new Float64Array(rows * columns);
}

function checkSizes(rows: number, columns: number): void {
  for (const size of [rows, columns]) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError(`matrix: got sizes ${rows} × ${columns}, expected non-negative integers`);
    }
  }
}
