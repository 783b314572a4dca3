import { allocate, dtypeOf } from '@ntk/tensor';
import { FRACTION, NOT_NEGATIVE, POSITIVE, checkSetting } from '../settings.ts';
import type { Optimizer } from './optimizer.ts';

/** Settings of `adam`. */
export interface AdamOptions {
  /** Step size α; 0.001 by default. */
  readonly learningRate?: number;
  /** Decay of the mean of the gradients; 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the mean of their squares; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the mean square, so that a vanishing gradient takes no infinite step; 1e-8 by default. */
  readonly epsilon?: number;
  /** Decoupled weight decay λ: every step also takes θ ← θ − α λ θ (AdamW); 0 by default. */
  readonly weightDecay?: number;
}

/**
 * Adam: steps of the running mean of the gradients over the root of the running mean of their squares, both corrected for their start at 0.
 *
 * @throws {OptionError} if a setting is outside its domain
 *
 * Source: Kingma & Ba (2015), algorithm 1; weight decay as Loshchilov & Hutter (2019), scaled by the learning rate as PyTorch does.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  checkSetting('adam', 'learningRate', learningRate, POSITIVE);
  checkSetting('adam', 'beta1', beta1, FRACTION);
  checkSetting('adam', 'beta2', beta2, FRACTION);
  checkSetting('adam', 'epsilon', epsilon, POSITIVE);
  checkSetting('adam', 'weightDecay', weightDecay, NOT_NEGATIVE);
  return {
    name: 'adam',
    learningRate,
    start: (like) => {
      const m = allocate(dtypeOf(like), like.length);
      const v = allocate(dtypeOf(like), like.length);
      let t = 0;
      return {
        step: (parameters, gradient, alpha) => {
          t++;
          const rate = alpha / (1 - beta1 ** t);
          const correction = 1 / (1 - beta2 ** t);
          const kept = 1 - alpha * weightDecay;
          for (let i = 0; i < parameters.length; i++) {
            const g = gradient[i]!;
            const mean = beta1 * m[i]! + (1 - beta1) * g;
            const square = beta2 * v[i]! + (1 - beta2) * g * g;
            m[i] = mean;
            v[i] = square;
            parameters[i] = kept * parameters[i]! - (rate * mean) / (Math.sqrt(square * correction) + epsilon);
          }
        },
      };
    },
  };
}
