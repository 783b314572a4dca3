import { type TypedArray, allocate } from '@ntk/tensor';
import { type Matrix, matrix } from '../dense/matrix.ts';
import type { LinearOperator } from '../operator.ts';

const BLOCK = 64;

/**
 * The diagonal of an operator, min(rows, columns) entries in float64 on the host.
 *
 * @param A - borrowed
 *
 * Cost: what A.diagonal costs where it exists; else n products, in blocks of 64 columns of the identity.
 */
export async function diagonal(A: LinearOperator): Promise<Float64Array> {
  if (A.diagonal !== undefined) return A.diagonal();
  const result = new Float64Array(Math.min(...A.shape));
  await probe(A, result.length, (column, values) => {
    result[column] = values[column]!;
  });
  return result;
}

/**
 * All entries of an operator, in float64 on the host.
 *
 * @param A - borrowed
 * @returns [rows, columns], which the caller may write
 *
 * Cost: what A.toMatrix costs where it exists; else one product for each column, in blocks of 64 columns of the identity.
 */
export async function toMatrix(A: LinearOperator): Promise<Matrix> {
  if (A.toMatrix !== undefined) return A.toMatrix();
  const [rows, columns] = A.shape;
  const result = matrix(rows, columns);
  await probe(A, columns, (column, values) => {
    for (let i = 0; i < rows; i++) result.data[i * columns + column] = values[i]!;
  });
  return result;
}

// Calls `visit` with each of the first `count` columns of A.
async function probe(
  A: LinearOperator,
  count: number,
  visit: (column: number, values: TypedArray) => void,
): Promise<void> {
  const [rows, columns] = A.shape;
  for (let start = 0; start < count; start += BLOCK) {
    const k = Math.min(BLOCK, count - start);
    const data = allocate(A.dtype, k * columns);
    for (let i = 0; i < k; i++) data[i * columns + start + i] = 1;
    using identity = A.backend.upload(data, [k, columns]);
    using products = await A.matmul(identity); // [k, rows]
    const values = await A.backend.read(products);
    for (let i = 0; i < k; i++) visit(start + i, values.subarray(i * rows, (i + 1) * rows));
  }
}
