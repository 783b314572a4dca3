import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';

/**
 * A x for each row x of a host block, in the dtype and on the backend of A, widened to float64.
 *
 * Where A is float32, each row goes there scaled by a power of two to entries of at most 1, and comes back unscaled: rounding is the
 * same, but small vectors do not become denormal, which costs accuracy and, on some machines, a factor of 25 in time.
 *
 * @param x - [k, columns]; borrowed, not written while the product runs
 * @returns [k, rows], which the caller may write
 *
 * Cost: one matmul of k vectors.
 */
export async function multiply(A: LinearOperator, x: Matrix): Promise<Matrix> {
  const { backend, dtype } = A;
  const scales = dtype === 'float64' ? undefined : scalesOf(x);
  using block = backend.upload(scales === undefined ? x.data : scaledCopy(x, scales), [x.rows, x.columns]);
  using product = await A.matmul(block); // [k, rows]
  const values = Float64Array.from(await backend.read(product));
  const result = matrix(x.rows, A.shape[0], values);
  if (scales !== undefined) unscale(result, scales);
  return result;
}

const BLOCK = 64;

/**
 * As `multiply`, at most 64 vectors at a time, so that the memory an operator needs for a block stays bounded.
 *
 * Cost: k products, in blocks.
 */
export async function multiplyInBlocks(A: LinearOperator, x: Matrix): Promise<Matrix> {
  const [rows, columns] = A.shape;
  const result = matrix(x.rows, rows);
  for (let start = 0; start < x.rows; start += BLOCK) {
    const end = Math.min(x.rows, start + BLOCK);
    const block = matrix(end - start, columns, x.data.subarray(start * columns, end * columns));
    result.data.set((await multiply(A, block)).data, start * rows);
  }
  return result;
}

/** The largest power of two that is at most `size`; 1 for 0 and for what is not finite. */
export function powerOfTwo(size: number): number {
  return size > 0 && Number.isFinite(size) ? 2 ** Math.floor(Math.log2(size)) : 1;
}

/** The largest absolute entry of row i; NaN if one is not a number. */
export function largestInRow(x: Matrix, i: number): number {
  let largest = 0;
  for (let j = i * x.columns; j < (i + 1) * x.columns; j++) largest = Math.max(largest, Math.abs(x.data[j]!));
  return largest;
}

function scalesOf(x: Matrix): Float64Array {
  return Float64Array.from({ length: x.rows }, (_, i) => powerOfTwo(largestInRow(x, i)));
}

function scaledCopy(x: Matrix, scales: Float64Array): Float32Array {
  const copy = new Float32Array(x.data.length);
  for (let i = 0; i < x.rows; i++) {
    const factor = 1 / scales[i]!;
    for (let j = i * x.columns; j < (i + 1) * x.columns; j++) copy[j] = x.data[j]! * factor;
  }
  return copy;
}

function unscale(x: Matrix, scales: Float64Array): void {
  for (let i = 0; i < x.rows; i++) {
    for (let j = i * x.columns; j < (i + 1) * x.columns; j++) x.data[j]! *= scales[i]!;
  }
}
