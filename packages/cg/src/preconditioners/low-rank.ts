import { type Matrix, type Placement, matrix } from '@ntk/linop';
import { principalRows } from '../dense/principal-rows.ts';
import { deflationOperator } from './deflation.ts';
import type { Preconditioning } from './preconditioner.ts';

/** A low-rank factor of a kernel, K ≈ FᵀF, and the noise that stands beside it. */
export interface LowRankModel {
  /** F, [r, n] with r ≤ n; borrowed. */
  readonly factor: Matrix;
  /** D, positive, [n]; borrowed. */
  readonly noise: Float64Array;
  /**
   * What K is taken to be beyond the range of F: `nothing`, or as large, relative to D, as the `smallest` eigenvalue inside.
   */
  readonly beyond: 'nothing' | 'smallest';
}

/**
 * M = FᵀF + D as a preconditioner: with D^{-1/2}FᵀFD^{-1/2} = Q diag(s) Qᵀ it is M⁻¹ = D^{-1/2}(I − Q diag(s/(1 + s)) Qᵀ)D^{-1/2}.
 *
 * This is Woodbury's identity in an orthonormal basis: the plain form subtracts numbers that grow with s.
 *
 * @returns the preconditioning; the caller disposes it
 *
 * Cost: 3·r²·n multiply-adds once; 2·r·n a vector. Source: Golub & Van Loan (2013), equation 2.1.4; `smallest` is equation 1.3 of
 * Frangella, Tropp & Udell (2021), up to a factor that conjugate gradients do not see.
 */
export function lowRankPreconditioning(model: LowRankModel, placement: Required<Placement>): Preconditioning {
  const { noise, beyond } = model;
  const { values, rows } = principalRows(timesColumns(model.factor, noise.map(inverseRootOf)));
  const floor = 1 + (beyond === 'smallest' ? (values[values.length - 1] ?? 0) : 0);
  const scale = noise.map((variance) => inverseRootOf(floor * variance));
  // What is left of each direction by I − VᵀV.
  const left = values.map((value) => floor / (1 + value));
  const inverse = deflationOperator(
    {
      pre: scale,
      post: scale,
      v: timesRows(
        rows,
        left.map((share) => Math.sqrt(1 - share)),
      ),
    },
    placement,
  );
  const ones = new Float64Array(noise.length).fill(1);
  const inverseRoot = deflationOperator(
    {
      pre: scale,
      post: ones,
      v: timesRows(
        rows,
        left.map((share) => Math.sqrt(1 - Math.sqrt(share))),
      ),
    },
    placement,
  );
  const dispose = (): void => {
    inverse.dispose();
    inverseRoot.dispose();
  };
  const logDeterminant = -2 * sumOfLogs(scale) - sumOfLogs(left);
  return { inverse, inverseRoot, logDeterminant, dispose, [Symbol.dispose]: dispose };
}

function inverseRootOf(value: number): number {
  return 1 / Math.sqrt(value);
}

function sumOfLogs(values: Float64Array): number {
  return values.reduce((sum, value) => sum + Math.log(value), 0);
}

function timesColumns(a: Matrix, factors: Float64Array): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((entry, i) => entry * factors[i % a.columns]!),
  );
}

function timesRows(a: Matrix, factors: Float64Array): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((entry, i) => entry * factors[Math.floor(i / a.columns)]!),
  );
}
