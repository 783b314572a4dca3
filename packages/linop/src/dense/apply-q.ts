import { ShapeError } from '@ntk/tensor';
import { type Block, blockOf, subBlock, transposed } from './block.ts';
import { type Matrix, copyMatrix, matrix } from './matrix.ts';
import { multiplyAdd } from './multiply.ts';
import type { Tridiagonalization } from './tridiagonalize.ts';

const PANEL = 32;

/** Options of applyQ. */
export interface ApplyQOptions {
  /** Multiply by Qᵀ instead of Q. */
  readonly transpose?: boolean;
  /** Overwrite the vectors instead of copying them. */
  readonly inPlace?: boolean;
}

/**
 * Multiplies vectors by the orthogonal factor Q of A = Q T Qᵀ, or by Qᵀ.
 *
 * @param reduction - what `tridiagonalize` returned; borrowed
 * @param x - vectors, [k, n], one a row; overwritten only if `inPlace`
 * @returns Q x or Qᵀ x for each row, [k, n]
 * @throws {ShapeError} if the vectors have not n entries
 *
 * Cost: k·n² multiply-adds, in products of blocks of 32 reflectors.
 * Source: Schreiber & Van Loan (1989), A storage-efficient WY representation for products of Householder transformations.
 */
export function applyQ(reduction: Tridiagonalization, x: Matrix, options: ApplyQOptions = {}): Matrix {
  const n = reduction.reflectors.rows;
  if (x.columns !== n) {
    throw new ShapeError(`applyQ: got vectors of ${x.columns} entries, expected ${n}; store one vector a row`);
  }
  const result = options.inPlace === true ? x : copyMatrix(x);
  const starts = Array.from({ length: Math.ceil((n - 1) / PANEL) }, (_, block) => 1 + block * PANEL);
  // As rows, Q x is xᵀ H₁ H₂ … H_{n−1} and Qᵀ x is xᵀ H_{n−1} … H₁.
  const transpose = options.transpose === true;
  if (transpose) starts.reverse();
  for (const start of starts) applyBlock(reduction, result, start, Math.min(n, start + PANEL), transpose);
  return result;
}

// H_start … H_{end−1} = I − Vᵀ T V with the reflectors as rows of V and T upper triangular; the reverse product has Tᵀ.
function applyBlock(reduction: Tridiagonalization, x: Matrix, start: number, end: number, transpose: boolean): void {
  const count = end - start;
  const support = end - 1;
  const v = blockOf(cleanReflectors(reduction.reflectors, start, count, support));
  const t = triangularFactor(v, reduction.tau, start);
  const target = subBlock(blockOf(x), 0, 0, x.rows, support);
  const products = blockOf(matrix(x.rows, count));
  multiplyAdd(products, target, transposed(v), 1);
  const weighted = blockOf(matrix(x.rows, count));
  multiplyAdd(weighted, products, transpose ? transposed(t) : t, 1);
  multiplyAdd(target, weighted, v, -1);
}

function cleanReflectors(reflectors: Matrix, start: number, count: number, support: number): Matrix {
  const v = matrix(count, support);
  for (let i = 0; i < count; i++) {
    const row = (start + i) * reflectors.columns;
    v.data.set(reflectors.data.subarray(row, row + start + i), i * support);
  }
  return v;
}

function triangularFactor(v: Block, tau: Float64Array, start: number): Block {
  const count = v.rows;
  const gram = matrix(count, count);
  multiplyAdd(blockOf(gram), v, transposed(v), 1);
  const t = matrix(count, count);
  for (let j = 0; j < count; j++) {
    const scale = tau[start + j]!;
    t.data[j * count + j] = scale;
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += t.data[i * count + k]! * gram.data[k * count + j]!;
      t.data[i * count + j] = -scale * sum;
    }
  }
  return blockOf(t);
}
