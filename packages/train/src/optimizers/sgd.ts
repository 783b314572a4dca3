import { allocate, dtypeOf } from '@ntk/tensor';
import { FRACTION, POSITIVE, checkSetting } from '../settings.ts';
import type { Optimizer } from './optimizer.ts';

/** Settings of `sgd`. */
export interface SgdOptions {
  /** Step size α. */
  readonly learningRate: number;
  /** Part μ of the last step's direction that is kept; 0 by default. */
  readonly momentum?: number;
}

/**
 * Stochastic gradient descent with classical momentum: v ← μ v + g, θ ← θ − α v, starting from v = 0.
 *
 * @throws {OptionError} if a setting is outside its domain
 *
 * Source: Polyak (1964), in the form of PyTorch's SGD without dampening: α may change without rescaling v.
 */
export function sgd(options: SgdOptions): Optimizer {
  const { learningRate, momentum = 0 } = options;
  checkSetting('sgd', 'learningRate', learningRate, POSITIVE);
  checkSetting('sgd', 'momentum', momentum, FRACTION);
  return {
    name: 'sgd',
    learningRate,
    start: (like) => {
      const velocity = allocate(dtypeOf(like), like.length);
      return {
        step: (parameters, gradient, alpha) => {
          for (let i = 0; i < parameters.length; i++) {
            const v = momentum * velocity[i]! + gradient[i]!;
            velocity[i] = v;
            parameters[i]! -= alpha * v;
          }
        },
      };
    },
  };
}
