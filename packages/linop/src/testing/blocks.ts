import { type Backend, type DType, type Tensor, asDType } from '@ntk/tensor';
import { type Matrix, matrix } from '../dense/matrix.ts';

/** Uploads the rows of a host matrix as a block of vectors, [rows, columns]; the caller disposes it. */
export function uploadBlock(a: Matrix, backend: Backend, dtype: DType): Tensor {
  return backend.upload(asDType(a.data, dtype), [a.rows, a.columns]);
}

/** Reads a block of vectors into a host matrix of its own. */
export async function readBlock(x: Tensor): Promise<Matrix> {
  return matrix(x.shape[0]!, x.shape[1]!, Float64Array.from(await x.backend.read(x)));
}

/** Entries as they become when stored in a dtype, in float64. */
export function roundedTo(a: Matrix, dtype: DType): Matrix {
  return matrix(a.rows, a.columns, Float64Array.from(asDType(a.data, dtype)));
}

/** Square root of the sum of the squares of all entries. */
export function frobeniusNorm(a: Matrix): number {
  return Math.sqrt(a.data.reduce((sum, entry) => sum + entry * entry, 0));
}
