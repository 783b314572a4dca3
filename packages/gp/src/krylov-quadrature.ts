import {
  type KrylovSpace,
  type Tridiagonal,
  type TridiagonalQuadrature,
  factorTridiagonal,
  tridiagonalQuadrature,
} from '@ntk/linop';

/**
 * Two rules for vᵀf(K)v/‖v‖² with K positive semidefinite, between which the value lies where the derivatives of f alternate in sign, as those of
 * 1/(x + τ) and log(x + τ) do.
 */
export interface QuadraturePair {
  /** Gauss: too small for 1/(x + τ), too large for log(x + τ). */
  readonly gauss: TridiagonalQuadrature;
  /** Gauss-Radau with a node at 0: errs the other way. */
  readonly radau: TridiagonalQuadrature;
}

/**
 * The rules of a Krylov space.
 *
 * Cost: about 50·m² operations. Source: Golub & Meurant (2010), Matrices, moments and quadrature with applications, sections 6.2 and 7.1.
 */
export function quadraturePair({ tridiagonal, beyond }: Omit<KrylovSpace, 'basis'>): QuadraturePair {
  const gauss = tridiagonalQuadrature(tridiagonal);
  return { gauss, radau: beyond === 0 ? gauss : tridiagonalQuadrature(withNodeAtZero(tridiagonal, beyond, gauss)) };
}

// T with one more row, so that 0 is an eigenvalue; as far below 0 as rounding made an eigenvalue of T negative.
function withNodeAtZero(
  { diagonal, offDiagonal }: Tridiagonal,
  beyond: number,
  gauss: TridiagonalQuadrature,
): Tridiagonal {
  const m = diagonal.length;
  const [lowest, highest] = [gauss.nodes[0]!, gauss.nodes[m - 1]!];
  const shift = Math.max(-2 * lowest, 4 * m * Number.EPSILON * Math.max(highest, beyond));
  const { pivots } = factorTridiagonal({ diagonal, offDiagonal }, shift);
  return {
    diagonal: Float64Array.of(...diagonal, beyond ** 2 / pivots[m - 1]! - shift),
    offDiagonal: Float64Array.of(...offDiagonal, beyond),
  };
}

/** Σ_j w_j f(x_j), of nodes that are 0 where rounding made them negative. */
export function integrate({ nodes, weights }: TridiagonalQuadrature, f: (node: number) => number): number {
  let sum = 0;
  for (let j = 0; j < nodes.length; j++) sum += weights[j]! * f(Math.max(0, nodes[j]!));
  return sum;
}
