import type { SampleMean } from './estimate.ts';

/** Mean and standard error of estimates that share their random vectors. */
export interface LeftOutMean extends SampleMean {
  /**
   * The standard error for intervals: what the estimates share counts for one standard error of its own more. Without that, an interval whose
   * shared part happens to come out low is too narrow: 91 of 100 held the truth at the worst entry of a diagonal, with it 95.
   */
  readonly cautiousError: number;
}

/**
 * The mean of estimates that share their random vectors, and its standard error without bias.
 *
 * Estimate j is made by vector j with the help of all others, and is unbiased whatever these are. Write e_j for its error and e_j^(i) for that
 * of the estimate that does without i as well. Given the other vectors, e_j^(i) and e_i^(j) are independent, and each has mean 0 given
 * everything but its own vector. So of E[e_i e_j] only E[(e_i − e_i^(j)) (e_j − e_j^(i))] is left, and
 *
 * Var(mean) = E[ s²/m + mean of (e_i − e_i^(j)) (e_j − e_j^(i)) over i ≠ j ],
 *
 * with s² the sample variance. The second term is taken as 0 where it happens to be negative; its own error is that of a mean over the pairs.
 *
 * @param m - how many vectors
 * @param estimate - by vector j without i; for i = j with all others
 *
 * Cost: m² estimates.
 */
export function leftOutMean(m: number, estimate: (i: number, j: number) => number): LeftOutMean {
  const full = Float64Array.from({ length: m }, (_, j) => estimate(j, j));
  let mean = 0;
  for (const value of full) mean += value / m;
  if (m < 2) return { mean, standardError: Infinity, cautiousError: Infinity };
  let squares = 0;
  let shared = 0;
  let sharedSquares = 0;
  for (let i = 0; i < m; i++) {
    squares += (full[i]! - mean) ** 2;
    for (let j = 0; j < i; j++) {
      const product = (full[i]! - estimate(j, i)) * (full[j]! - estimate(i, j));
      shared += product;
      sharedSquares += product * product;
    }
  }
  const pairs = (m * (m - 1)) / 2;
  const variance = squares / (m - 1) / m + Math.max(0, shared / pairs);
  return {
    mean,
    standardError: Math.sqrt(variance),
    cautiousError: Math.sqrt(variance + Math.sqrt(sharedSquares) / pairs),
  };
}
