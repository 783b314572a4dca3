import { type Block, subBlock, transposed } from './block.ts';
import { multiplyAdd } from './multiply.ts';
import { forwardSubstitute, splitPoint } from './triangular.ts';

// Below this size the factor is computed entry by entry; above, all work is in products.
const BASE = 32;

/** No pivot failed. */
export const NO_PIVOT = -1;

/**
 * Overwrites the lower triangle of a symmetric block with its Cholesky factor, halving the block so that the work is products.
 *
 * A pivot fails if it is not larger than its entry in `floors`, or is NaN.
 *
 * @param a - [n, n]; only the lower triangle is read and written
 * @param floors - smallest acceptable pivot, one for each row of the whole matrix
 * @param first - index of the first row of `a` in the whole matrix
 * @returns index of the failed pivot in the whole matrix, or NO_PIVOT; after a failure the contents are undefined
 *
 * Cost: n³/6 multiply-adds. Source: Gustavson (1997), Recursion leads to automatic variable blocking.
 */
export function factorLower(a: Block, floors: Float64Array, first: number): number {
  const n = a.rows;
  if (n <= BASE) return factorLowerBase(a, floors, first);
  const half = splitPoint(n);
  const leading = subBlock(a, 0, 0, half, half);
  const failed = factorLower(leading, floors, first);
  if (failed !== NO_PIVOT) return failed;
  const below = subBlock(a, half, 0, n - half, half);
  const trailing = subBlock(a, half, half, n - half, n - half);
  forwardSubstitute(leading, below);
  multiplyAdd(trailing, below, transposed(below), -1, 'lower');
  return factorLower(trailing, floors, first + half);
}

function factorLowerBase(a: Block, floors: Float64Array, first: number): number {
  const { data, offset, rowStride } = a;
  for (let i = 0; i < a.rows; i++) {
    const row = offset + i * rowStride;
    for (let j = 0; j < i; j++) {
      const other = offset + j * rowStride;
      let sum = data[row + j]!;
      for (let k = 0; k < j; k++) sum -= data[row + k]! * data[other + k]!;
      data[row + j] = sum / data[other + j]!;
    }
    let pivot = data[row + i]!;
    for (let k = 0; k < i; k++) pivot -= data[row + k]! ** 2;
    if (!(pivot > floors[first + i]!)) return first + i;
    data[row + i] = Math.sqrt(pivot);
  }
  return NO_PIVOT;
}
