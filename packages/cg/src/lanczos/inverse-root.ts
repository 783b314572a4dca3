import { type LinearOperator, type Matrix, factorTridiagonal, matrix, requireTag } from '@ntk/linop';
import { lanczos } from './lanczos.ts';

/** Settings of lanczosInverseRoot. */
export interface InverseRootOptions {
  /** Most rows of the root: steps of Lanczos. */
  readonly rank: number;
}

/**
 * A low-rank root of an inverse from one starting vector: A⁻¹ ≈ RᵀR, never larger than A⁻¹.
 *
 * With A ≈ QᵀTQ and T = L D Lᵀ it is R = D^{-1/2}L⁻¹Q. For a right-hand side b, RᵀR b is what conjugate gradients from b would give if it
 * were the starting vector, and bᵀRᵀR b ≤ bᵀA⁻¹b for any: a predictive variance from it is never too small.
 *
 * @param A - positive definite, [n, n]; borrowed
 * @param start - [n], such as the mean of the right-hand sides that R will serve; borrowed
 * @returns R, [m, n] with m ≤ rank
 * @throws {TagError | ShapeError | OptionError} if operator, vector and options do not fit
 * @throws {NumericalError} if A is found not to be positive definite, or not finite
 *
 * Cost: `rank` products and 2·rank²·n multiply-adds. Source: Pleiss, Gardner, Weinberger & Wilson (2018), Constant-time predictive
 * distributions for Gaussian processes, section 3.2.
 */
export async function lanczosInverseRoot(
  A: LinearOperator,
  start: Float64Array,
  { rank }: InverseRootOptions,
): Promise<Matrix> {
  requireTag(A, 'positive-definite', 'lanczosInverseRoot');
  const [run] = await lanczos(A, matrix(1, start.length, start), { steps: rank });
  const { tridiagonal, basis } = run!;
  const { pivots, multipliers } = factorTridiagonal(tridiagonal, 0);
  const { data, columns: n } = basis;
  // Row i of L⁻¹Q is row i of Q less the multiple of the row before it.
  for (let i = 1; i < basis.rows; i++) {
    for (let j = 0; j < n; j++) data[i * n + j]! -= multipliers[i - 1]! * data[(i - 1) * n + j]!;
  }
  for (let i = 0; i < basis.rows; i++) {
    const factor = 1 / Math.sqrt(pivots[i]!);
    for (let j = 0; j < n; j++) data[i * n + j]! *= factor;
  }
  return basis;
}
