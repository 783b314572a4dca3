import { type LowRankRoot, type Matrix, type Tridiagonal, factorTridiagonal, matrix, requireTag } from '@ntk/linop';
import { checkCount, lanczos } from './lanczos.ts';

/** Settings of lanczosRoot. */
export interface LanczosRootOptions {
  /** Most rows of the root: steps of Lanczos. */
  readonly rank: number;
}

/**
 * Low-rank roots of inverses from one starting vector each: A⁻¹ ≈ RᵀR, never larger than A⁻¹.
 *
 * With A ≈ QᵀTQ and T = L D Lᵀ it is R = D^{-1/2}L⁻¹Q. For a right-hand side b, RᵀR b is what conjugate gradients from b would give if it
 * were the starting vector, and bᵀRᵀR b ≤ bᵀA⁻¹b for any: a predictive variance from it is never too small.
 *
 * @throws {OptionError} if the rank is not a positive integer
 *
 * Cost: `rank` products and 2·rank²·n multiply-adds. Source: Pleiss, Gardner, Weinberger & Wilson (2018), Constant-time predictive
 * distributions for Gaussian processes, section 3.2.
 */
export function lanczosRoot({ rank }: LanczosRootOptions): LowRankRoot {
  checkCount(rank, 'lanczosRoot', 'rank');
  return {
    inverseRoot: async (A, start) => {
      requireTag(A, 'positive-definite', 'lanczosRoot');
      const [run] = await lanczos(A, matrix(1, start.length, start), { steps: rank });
      return solvedRows(run!.tridiagonal, run!.basis);
    },
  };
}

// D^{-1/2}L⁻¹Q, in the place of Q.
function solvedRows(tridiagonal: Tridiagonal, basis: Matrix): Matrix {
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
