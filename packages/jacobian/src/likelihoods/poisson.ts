import type { Likelihood } from './likelihood.ts';

/**
 * Counts: y ~ Poisson(exp η), η the logarithm of the rate. Λ = exp η.
 *
 * `value` leaves out log y!, which does not depend on η.
 */
export function poissonLikelihood(): Likelihood {
  return {
    name: 'poisson',
    mean: (eta) => eta.map(Math.exp),
    value: (eta, y) => eta.reduce((sum, value, i) => sum + Math.exp(value) - y[i]! * value, 0),
    gradient: (eta, y) => eta.map((value, i) => Math.exp(value) - y[i]!),
    curvature: (eta, v) => v.map((value, i) => value * Math.exp(eta[i % eta.length]!)),
  };
}
