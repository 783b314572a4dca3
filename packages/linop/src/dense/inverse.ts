import { type Block, blockOf, subBlock, transposed } from './block.ts';
import { type Matrix, copyMatrix, identityMatrix, matrix, mirrorLower, squareSize } from './matrix.ts';
import { multiplyAdd } from './multiply.ts';
import { backwardSubstitute, forwardSubstituteBase, splitPoint } from './triangular.ts';

// Up to this size the inverse is computed entry by entry; above, most of the work is in products.
const BASE = 128;
const STRIPE = 128;

/**
 * Inverts a lower triangular matrix.
 *
 * @param l - lower triangular with zeros above the diagonal, [n, n]; overwritten only if `inPlace`
 * @returns L⁻¹, lower triangular, [n, n]
 * @throws {ShapeError} if l is not square
 *
 * Cost: n³/4 multiply-adds, in products of blocks.
 */
export function invertLower(l: Matrix, options: { readonly inPlace?: boolean } = {}): Matrix {
  squareSize(l, 'invertLower');
  const inverse = options.inPlace === true ? l : copyMatrix(l);
  invertBlock(blockOf(inverse));
  return inverse;
}

/**
 * A⁻¹ = L⁻ᵀ L⁻¹ from the Cholesky factor L of A, symmetric to the last bit.
 *
 * @param l - lower triangular with zeros above the diagonal, [n, n]; borrowed
 * @returns A⁻¹, [n, n]
 * @throws {ShapeError} if l is not square
 *
 * Cost: about n³/2 multiply-adds. Solving with the factor is faster and more accurate than multiplying by the inverse.
 */
export function choleskyInverse(l: Matrix): Matrix {
  const n = squareSize(l, 'choleskyInverse');
  const w = blockOf(invertLower(l));
  const inverse = matrix(n, n);
  for (let row = 0; row < n; row += STRIPE) {
    // Rows of L⁻¹ end at their diagonal, so a stripe of them reaches no column beyond its own last.
    const end = Math.min(n, row + STRIPE);
    const stripe = subBlock(w, row, 0, end - row, end);
    multiplyAdd(subBlock(blockOf(inverse), 0, 0, end, end), transposed(stripe), stripe, 1, 'lower');
  }
  mirrorLower(inverse);
  return inverse;
}

/**
 * The diagonal of A⁻¹ from the Cholesky factor L of A, as leave-one-out formulas need it.
 *
 * @param l - lower triangular with zeros above the diagonal, [n, n]; borrowed
 * @returns the diagonal, [n]: sums of squares, hence never negative
 * @throws {ShapeError} if l is not square
 *
 * Cost: n³/4 multiply-adds.
 */
export function choleskyInverseDiagonal(l: Matrix): Float64Array {
  const n = squareSize(l, 'choleskyInverseDiagonal');
  const { data } = invertLower(l);
  const diagonal = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) diagonal[j]! += data[i * n + j]! ** 2;
  }
  return diagonal;
}

/**
 * log |A| = 2 Σ log L_ii from the Cholesky factor L of A.
 *
 * @param l - lower triangular, [n, n]; borrowed
 * @throws {ShapeError} if l is not square
 *
 * Cost: n logarithms.
 */
export function choleskyLogDeterminant(l: Matrix): number {
  const n = squareSize(l, 'choleskyLogDeterminant');
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(l.data[i * n + i]!);
  return 2 * sum;
}

// [L₁ 0; B L₂]⁻¹ = [L₁⁻¹ 0; −L₂⁻¹ B L₁⁻¹  L₂⁻¹]
function invertBlock(l: Block): void {
  const n = l.rows;
  if (n <= BASE) {
    invertBase(l);
    return;
  }
  const half = splitPoint(n);
  const leading = subBlock(l, 0, 0, half, half);
  const below = subBlock(l, half, 0, n - half, half);
  const trailing = subBlock(l, half, half, n - half, n - half);
  backwardSubstitute(leading, below);
  invertBlock(leading);
  invertBlock(trailing);
  const product = blockOf(matrix(n - half, half));
  multiplyAdd(product, trailing, below, -1);
  for (let i = 0; i < n - half; i++) {
    below.data.set(product.data.subarray(i * half, (i + 1) * half), below.offset + i * below.rowStride);
  }
}

function invertBase(l: Block): void {
  const n = l.rows;
  const inverse = identityMatrix(n);
  // Row j of this becomes L⁻¹ e_j: column j of the inverse, which is zero above its diagonal.
  for (let j = 0; j < n; j += 4) {
    const rest = n - j;
    forwardSubstituteBase(subBlock(l, j, j, rest, rest), subBlock(blockOf(inverse), j, j, Math.min(4, rest), rest));
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) l.data[l.offset + i * l.rowStride + j] = inverse.data[j * n + i]!;
  }
}
