import { implicitQL } from './implicit-ql.ts';
import { matrix } from './matrix.ts';
import { type Tridiagonal, tridiagonalNorm } from './tridiagonal.ts';

/** A Gauss rule: e₁ᵀ f(T) e₁ = Σ_j weights[j] · f(nodes[j]). */
export interface TridiagonalQuadrature {
  /** Eigenvalues of T, ascending, [n]. */
  readonly nodes: Float64Array;
  /** Squares of the first components of the unit eigenvectors, adding up to 1, [n]. */
  readonly weights: Float64Array;
}

/**
 * The eigenvalues of a symmetric tridiagonal matrix and the first components of its eigenvectors, which is all that functions of it
 * between the first unit vector need.
 *
 * @param t - symmetric tridiagonal, [n]; borrowed
 * @throws {NumericalError} if an entry is not finite
 *
 * Cost: about 25·n² operations. Source: Golub & Welsch (1969), Calculation of Gauss quadrature rules.
 */
export function tridiagonalQuadrature(t: Tridiagonal): TridiagonalQuadrature {
  const n = t.diagonal.length;
  const scale = tridiagonalNorm(t);
  const first = matrix(n, 1);
  if (n > 0) first.data[0] = 1;
  const values = implicitQL(
    { diagonal: t.diagonal.map((entry) => entry / scale), offDiagonal: t.offDiagonal.map((entry) => entry / scale) },
    first,
  );
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  return {
    nodes: Float64Array.from(order, (i) => values[i]! * scale),
    weights: Float64Array.from(order, (i) => first.data[i]! ** 2),
  };
}
