import { sizeOf, type Shape } from '@ntk/tensor';
import { stretch } from './movement.ts';
import type { Operand, Rule } from './rule.ts';

/** One thread for each element of the product; strides say which operand is read transposed, or again for every matrix. */
const SOURCE = `function (a, b, inner, aRow, aInner, aBatch, bInner, bColumn, bBatch) {
  const left = this.thread.z * aBatch + this.thread.y * aRow;
  const right = this.thread.z * bBatch + this.thread.x * bColumn;
  let sum = 0;
  for (let i = 0; i < inner; i++) {
    sum += a[left + i * aInner] * b[right + i * bInner];
  }
  return sum;
}`;

/** The product of matrices, with all their leading axes as one. */
export const matmul: Rule<'matmul'> = (kernels, [a, b], { attributes: { transposeA, transposeB }, shape }) => {
  const inner = a!.shape.at(transposeA ? -2 : -1)!;
  if (inner === 0) return new Float32Array(sizeOf(shape));
  const [m, n] = shape.slice(-2) as [number, number];
  const leading = shape.slice(0, -2);
  const [left, aBatch] = batch(a!, leading);
  const [right, bBatch] = batch(b!, leading);
  const [aRow, aInner] = transposeA ? [1, m] : [inner, 1];
  const [bInner, bColumn] = transposeB ? [1, inner] : [n, 1];
  const numbers = [inner, aRow, aInner, aBatch, bInner, bColumn, bBatch];
  return kernels.run(SOURCE, [n, m, sizeOf(leading)], [left, right, ...numbers]);
};

/** The matrices of an operand and the distance from one to the next: 0 where there is only one. */
function batch(operand: Operand, leading: Shape): [data: Float32Array, distance: number] {
  const matrix = operand.shape.slice(-2);
  const own = sizeOf(operand.shape.slice(0, -2));
  if (own === 1) return [operand.data, 0];
  const data = own === sizeOf(leading) ? operand.data : stretch(operand, [...leading, ...matrix]);
  return [data, sizeOf(matrix)];
}
