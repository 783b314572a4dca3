import {
  type LinearOperator,
  type Matrix,
  NumericalError,
  gemm,
  matrix,
  solveLower,
  transposeMatrix,
  tryCholesky,
} from '@ntk/linop';
import { OptionError, type Rng, unitRoundoff } from '@ntk/tensor';
import { norm, orthonormalRows } from '../dense/orthonormal-rows.ts';
import { principalRows } from '../dense/principal-rows.ts';
import { multiplyInBlocks } from '../multiply.ts';
import { lowRankPreconditioning } from './low-rank.ts';
import { noiseOfRows } from './noise.ts';
import type { Preconditioner } from './preconditioner.ts';

/** Settings of the Nyström preconditioner. */
export interface NystromOptions {
  /** Size of the sketch: products with A that are spent on it. */
  readonly rank: number;
  /** σ² of A = K + σ²I, or one for each row, [n]: what A adds to the kernel's diagonal; absolute, positive. */
  readonly noiseVariance: number | Float64Array;
  /** Draws the sketch; each `init` forks it anew, so that equal operators get equal preconditioners. */
  readonly rng: Rng;
}

/**
 * The randomised Nyström preconditioner for A = K + Σ: it needs no entries of K, only `rank` products in blocks.
 *
 * @throws {OptionError} if an option makes no sense
 *
 * Cost: `rank` products with A and 6·rank²·n multiply-adds once; 2·rank·n multiply-adds a vector.
 * Source: Frangella, Tropp & Udell (2021), algorithm 2.1 and equation 1.3.
 */
export function nystrom({ rank, noiseVariance, rng }: NystromOptions): Preconditioner {
  if (!Number.isInteger(rank) || rank < 1) {
    throw new OptionError(`nystrom: got rank ${rank}, expected a positive integer`);
  }
  return {
    init: async (A, placement) => {
      const noise = noiseOfRows(noiseVariance, A.shape[0], 'nystrom');
      const factor = await nystromFactor(A, noise, { rank, rng: rng.fork('sketch') });
      // A sketch with vectors to spare has seen all of the kernel: nothing is beyond.
      const beyond = factor.rows < Math.min(rank, A.shape[0]) ? 'nothing' : 'smallest';
      return lowRankPreconditioning({ factor, noise, beyond }, placement);
    },
  };
}

/** F with K ≈ FᵀF, [r, n], from products of K with random orthonormal vectors. */
async function nystromFactor(
  A: LinearOperator,
  noise: Float64Array,
  { rank, rng }: { readonly rank: number; readonly rng: Rng },
): Promise<Matrix> {
  const n = A.shape[0];
  const size = Math.min(rank, n);
  const { q: omega } = orthonormalRows(matrix(size, n, rng.normals(size * n)));
  const y = await multiplyInBlocks(A, omega);
  const bad = y.data.findIndex((entry) => !Number.isFinite(entry));
  if (bad >= 0) {
    throw new NumericalError(
      `nystrom: got ${y.data[bad]} in a product with the operator, expected finite numbers; look for missing values or overflow`,
      'non-finite-input',
    );
  }
  // The shift keeps the core positive definite although its products are rounded; it is taken back from the eigenvalues.
  const shift = Math.sqrt(n) * unitRoundoff(A.dtype) * norm(y.data);
  for (let i = 0; i < y.data.length; i++) y.data[i]! += (shift - noise[i % n]!) * omega.data[i]!;
  const core = tryCholesky(symmetricPart(gemm(omega, y, { transposeB: true })), { inPlace: true });
  if (core.status !== 'converged') {
    throw new NumericalError(
      `nystrom: got a kernel that is not positive semidefinite, expected A − noise to be one; check the noise variance`,
      core.status,
    );
  }
  const b = transposeMatrix(solveLower(core.factor, transposeMatrix(y))); // [size, n]
  const { values, rows } = principalRows(b);
  const kept = [...values.keys()].filter((i) => values[i]! > shift);
  const factor = matrix(kept.length, n);
  kept.forEach((i) => {
    const weight = Math.sqrt(values[i]! - shift);
    for (let j = 0; j < n; j++) factor.data[i * n + j] = weight * rows.data[i * n + j]!;
  });
  return factor;
}

function symmetricPart(a: Matrix): Matrix {
  const half = transposeMatrix(a);
  for (let i = 0; i < half.data.length; i++) half.data[i] = (half.data[i]! + a.data[i]!) / 2;
  return half;
}
