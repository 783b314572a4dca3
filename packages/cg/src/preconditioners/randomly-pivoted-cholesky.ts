import type { Rng } from '@ntk/tensor';
import type { PivotRule } from './partial-cholesky.ts';
import { type PivotedCholeskyOptions, partialCholeskyPreconditioner } from './pivoted-cholesky.ts';
import type { Preconditioner } from './preconditioner.ts';

/** Settings of the randomly pivoted Cholesky preconditioner. */
export interface RandomlyPivotedCholeskyOptions extends PivotedCholeskyOptions {
  /** Draws the pivots; each `init` forks it anew, so that equal operators get equal preconditioners. */
  readonly rng: Rng;
}

/**
 * A preconditioner for A = K + Σ from a Cholesky factor of some rows of K, drawn in proportion to what is left of the diagonal: outliers
 * mislead it less than the greedy choice.
 *
 * @throws {OptionError} if an option makes no sense
 *
 * Cost: as `pivotedCholesky`. Source: Chen, Epperly, Tropp & Webber (2023), algorithm 2.1; blocks by rejection, which leaves the
 * distribution of the pivots as it is: Epperly, Tropp & Webber (2024), Embrace rejection, algorithm 2.
 */
export function randomlyPivotedCholesky(options: RandomlyPivotedCholeskyOptions): Preconditioner {
  const makeRule = (): PivotRule => randomRule(options.rng.fork('pivots'));
  return partialCholeskyPreconditioner(options, makeRule, 'randomlyPivotedCholesky');
}

function randomRule(rng: Rng): PivotRule {
  return {
    propose: (left, count) => {
      const sums = new Float64Array(left.length);
      let total = 0;
      left.forEach((value, i) => (sums[i] = total += value));
      return Array.from({ length: count }, () => firstAbove(sums, rng.uniform() * total));
    },
    accepts: (left, whenProposed) => rng.uniform() * whenProposed < left,
  };
}

// The first index whose sum exceeds a number.
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
