import type { SampleMean } from './estimate.ts';

/**
 * The mean of estimates that share their random vectors, and its standard error without bias.
 *
 * Estimate j is made by vector j with the help of all others, and is unbiased whatever these are. Write e_j for its error and e_j^(i) for that
 * of the estimate that does without i as well. Given the other vectors, e_j^(i) and e_i^(j) are independent, and each has mean 0 given
 * everything but its own vector. So of E[e_i e_j] only E[(e_i − e_i^(j)) (e_j − e_j^(i))] is left, and
 *
 * Var(mean) = E[ s²/m + mean of (e_i − e_i^(j)) (e_j − e_j^(i)) over i ≠ j ],
 *
 * with s² the sample variance. The second term is taken as 0 where it happens to be negative.
 *
 * @param m - how many vectors
 * @param estimate - by vector j without i; for i = j with all others
 *
 * Cost: m² estimates.
 */
export function leftOutMean(m: number, estimate: (i: number, j: number) => number): SampleMean {
  const full = Float64Array.from({ length: m }, (_, j) => estimate(j, j));
  let mean = 0;
  for (const value of full) mean += value / m;
  if (m < 2) return { mean, standardError: Infinity };
  let squares = 0;
  let shared = 0;
  for (let i = 0; i < m; i++) {
    squares += (full[i]! - mean) ** 2;
    for (let j = 0; j < i; j++) shared += (full[i]! - estimate(j, i)) * (full[j]! - estimate(i, j));
  }
  const pairs = (m * (m - 1)) / 2;
  return { mean, standardError: Math.sqrt(squares / (m - 1) / m + Math.max(0, shared / pairs)) };
}
