import type { Likelihood } from './likelihood.ts';

/**
 * A binary outcome for each row: y = 1 with probability π = sigmoid(η), η the logit. Λ = π(1 − π).
 *
 * Targets are 0 or 1, or probabilities between.
 */
export function bernoulliLikelihood(): Likelihood {
  return {
    name: 'bernoulli',
    mean: (eta) => eta.map(sigmoid),
    // −log p = log(1 + e^η) − yη, without overflow for large |η|.
    value: (eta, y) => eta.reduce((sum, value, i) => sum + softplus(value) - y[i]! * value, 0),
    gradient: (eta, y) => eta.map((value, i) => sigmoid(value) - y[i]!),
    curvature: (eta, v) => {
      const weights = eta.map((value) => sigmoid(value) * sigmoid(-value));
      return v.map((value, i) => value * weights[i % eta.length]!);
    },
  };
}

function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
