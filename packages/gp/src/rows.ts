import { type Matrix, matrix } from '@ntk/linop';
import { concatenate } from './vector.ts';

/** Row i of a matrix as a view that shares its data, [columns]. */
export function rowOf(a: Matrix, i: number): Float64Array {
  return a.data.subarray(i * a.columns, (i + 1) * a.columns);
}

/** One vector as the only row of a matrix, [1, n]; shares its data. */
export function asRow(x: Float64Array): Matrix {
  return matrix(1, x.length, x);
}

/** Matrices of the same number of columns above each other; a copy. */
export function stackRows(top: Matrix, bottom: Matrix): Matrix {
  return matrix(top.rows + bottom.rows, top.columns, concatenate(top.data, bottom.data));
}

/** Rows `from` to `to` (excluded) as a view that shares the data. */
export function sliceRows(a: Matrix, from: number, to: number): Matrix {
  return matrix(to - from, a.columns, a.data.subarray(from * a.columns, to * a.columns));
}

/** The leading size × size block of a matrix; a copy. */
export function sliceSquare(a: Matrix, size: number): Matrix {
  const block = matrix(size, size);
  for (let i = 0; i < size; i++) rowOf(block, i).set(rowOf(a, i).subarray(0, size));
  return block;
}
