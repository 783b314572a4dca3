import { OptionError, ShapeError } from '@ntk/tensor';
import type { Likelihood } from './likelihood.ts';

/**
 * One of c classes an example, with probabilities π = softmax(η) over its c logits. Λ = diag π − π πᵀ, which is singular: adding a constant to
 * all logits of an example changes nothing.
 *
 * Targets are [n, c]: one-hot, or class probabilities.
 *
 * @param classes - c
 * @throws {OptionError} if there are fewer than two
 */
export function categoricalLikelihood(classes: number): Likelihood {
  if (!Number.isInteger(classes) || classes < 2) {
    throw new OptionError(`categoricalLikelihood: got ${classes} classes, expected an integer of at least 2`);
  }
  return {
    name: 'categorical',
    mean: (eta) => logSoftmax(eta, classes).map(Math.exp),
    value: (eta, y) => {
      const logProbabilities = logSoftmax(eta, classes);
      return -logProbabilities.reduce((sum, value, i) => sum + (y[i] === 0 ? 0 : y[i]! * value), 0);
    },
    gradient: (eta, y) => logSoftmax(eta, classes).map((value, i) => Math.exp(value) - y[i]!),
    curvature: (eta, v) => {
      const pi = logSoftmax(eta, classes).map(Math.exp);
      const result = new Float64Array(v.length);
      for (let start = 0; start < v.length; start += classes) {
        const at = start % eta.length;
        let mean = 0;
        for (let a = 0; a < classes; a++) mean += pi[at + a]! * v[start + a]!;
        // π(v − πᵀv) instead of πv − ππᵀv: small where v is nearly constant, not a difference of large numbers.
        for (let a = 0; a < classes; a++) result[start + a] = pi[at + a]! * (v[start + a]! - mean);
      }
      return result;
    },
  };
}

/** Log probabilities of each example's classes. */
function logSoftmax(eta: Float64Array, classes: number): Float64Array {
  if (eta.length % classes !== 0) {
    throw new ShapeError(
      `categoricalLikelihood: got ${eta.length} logits, expected a multiple of ${classes}, the number of classes`,
    );
  }
  const result = new Float64Array(eta.length);
  for (let start = 0; start < eta.length; start += classes) {
    const logits = eta.subarray(start, start + classes);
    const top = logits.reduce((maximum, value) => Math.max(maximum, value), -Infinity);
    const logSum = top + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - top), 0));
    for (let a = 0; a < classes; a++) result[start + a] = logits[a]! - logSum;
  }
  return result;
}
