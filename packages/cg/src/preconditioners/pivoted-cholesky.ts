import { OptionError } from '@ntk/tensor';
import { lowRankPreconditioning } from './low-rank.ts';
import { noiseOfRows } from './noise.ts';
import { type PivotRule, partialCholesky } from './partial-cholesky.ts';
import type { Preconditioner } from './preconditioner.ts';

/** Settings of the pivoted Cholesky preconditioner. */
export interface PivotedCholeskyOptions {
  /** Most columns of the kernel that it takes. */
  readonly rank: number;
  /** σ² of A = K + σ²I, or one for each row, [n]: what A adds to the kernel's diagonal; absolute, positive. */
  readonly noiseVariance: number | Float64Array;
  /** Columns of A computed at a time: more are cheaper each, and choose pivots with less knowledge; 8 by default. */
  readonly blockSize?: number;
  /** The diagonal of A, [n], where the caller knows it; else `diagonal(A)`, which costs n products where A has no fast path. */
  readonly diagonal?: Float64Array;
}

/**
 * A preconditioner for A = K + Σ from a Cholesky factor of some rows of K, the largest left on the diagonal first.
 *
 * @throws {OptionError} if an option makes no sense
 *
 * Cost: about `rank` products with A in blocks once; 2·rank·n multiply-adds a vector.
 * Source: Harbrecht, Peters & Schneider (2012); as a preconditioner, Gardner, Pleiss, Bindel, Weinberger & Wilson (2018), section 4.1.
 */
export function pivotedCholesky(options: PivotedCholeskyOptions): Preconditioner {
  return partialCholeskyPreconditioner(options, () => GREEDY, 'pivotedCholesky');
}

/** A preconditioner from a partial Cholesky factor with any rule for the pivots. */
export function partialCholeskyPreconditioner(
  { rank, noiseVariance, blockSize = 8, diagonal }: PivotedCholeskyOptions,
  makeRule: () => PivotRule,
  caller: string,
): Preconditioner {
  for (const [name, value] of Object.entries({ rank, blockSize })) {
    if (!Number.isInteger(value) || value < 1)
      throw new OptionError(`${caller}: got ${name} ${value}, expected a positive integer`);
  }
  return {
    init: async (A, placement) => {
      const noise = noiseOfRows(noiseVariance, A.shape[0], caller);
      const factor = await partialCholesky(A, { diagonal, noise, rank, blockSize, rule: makeRule() });
      return lowRankPreconditioning({ factor, noise, beyond: 'nothing' }, placement);
    },
  };
}

// A block takes the largest entries; one that has lost half of its size to those before it waits for the next block.
const GREEDY: PivotRule = {
  propose: (left, count) => [...left.keys()].sort((a, b) => left[b]! - left[a]!).slice(0, count),
  accepts: (left, whenProposed) => left >= whenProposed / 2,
};
