import { ShapeError } from '@ntk/tensor';
import { blockOf, transposed } from './block.ts';
import { type Matrix, matrix, mirrorLower } from './matrix.ts';
import { multiplyAdd } from './multiply.ts';

/** Options of gemm. */
export interface GemmOptions {
  /** Multiply by the transpose of a; it is not formed. */
  readonly transposeA?: boolean;
  /** Multiply by the transpose of b; it is not formed. */
  readonly transposeB?: boolean;
  /** Factor of the product; 1 by default. */
  readonly alpha?: number;
  /** The product is added to this matrix, [m, n], which is returned; by default a new one of zeros. Must not share data with a or b. */
  readonly addTo?: Matrix;
}

/**
 * Multiplies two matrices: alpha · op(A) · op(B), op being the identity or the transpose, added to `addTo`.
 *
 * @param a - op(A) is [m, l]; borrowed
 * @param b - op(B) is [l, n]; borrowed
 * @returns the product, [m, n]: `addTo` itself where given, else new
 * @throws {ShapeError} if the sizes do not fit
 *
 * Cost: m·n·l multiply-adds.
 */
export function gemm(a: Matrix, b: Matrix, options: GemmOptions = {}): Matrix {
  const left = options.transposeA === true ? transposed(blockOf(a)) : blockOf(a);
  const right = options.transposeB === true ? transposed(blockOf(b)) : blockOf(b);
  if (left.columns !== right.rows) {
    throw new ShapeError(
      `gemm: got ${left.rows} × ${left.columns} times ${right.rows} × ${right.columns}, expected equal inner sizes; ` +
        'check transposeA and transposeB',
    );
  }
  const { alpha = 1, addTo = matrix(left.rows, right.columns) } = options;
  checkTarget(addTo, left.rows, right.columns, 'gemm');
  multiplyAdd(blockOf(addTo), left, right, alpha);
  return addTo;
}

/** Options of syrk. */
export interface SyrkOptions {
  /** Form alpha AᵀA instead of alpha A Aᵀ. */
  readonly transposeA?: boolean;
  /** Factor of the product; 1 by default. */
  readonly alpha?: number;
  /** A symmetric matrix, [n, n], to which the product is added and which is returned; by default a new one of zeros. */
  readonly addTo?: Matrix;
}

/**
 * Symmetric product alpha A Aᵀ (or alpha AᵀA), added to a symmetric matrix. Only the lower triangle is computed, then mirrored,
 * so that the result is symmetric to the last bit.
 *
 * @param a - [n, l], or [l, n] with transposeA; borrowed
 * @returns the symmetric result, [n, n]: `addTo` itself where given (its lower triangle counts), else new
 * @throws {ShapeError} if `addTo` has another size
 *
 * Cost: n²·l/2 multiply-adds.
 */
export function syrk(a: Matrix, options: SyrkOptions = {}): Matrix {
  const left = options.transposeA === true ? transposed(blockOf(a)) : blockOf(a);
  const { alpha = 1, addTo = matrix(left.rows, left.rows) } = options;
  checkTarget(addTo, left.rows, left.rows, 'syrk');
  multiplyAdd(blockOf(addTo), left, transposed(left), alpha, 'lower');
  mirrorLower(addTo);
  return addTo;
}

function checkTarget(target: Matrix, rows: number, columns: number, caller: string): void {
  if (target.rows !== rows || target.columns !== columns) {
    throw new ShapeError(
      `${caller}: got addTo of ${target.rows} × ${target.columns}, expected ${rows} × ${columns}; pass a matrix of the size of the product`,
    );
  }
}
