import { OptionError } from '@ntk/tensor';
import { crossEntropy } from './cross-entropy.ts';
import type { Loss } from './loss.ts';
import { squaredError } from './squared-error.ts';

/** The losses that can be asked for by name. */
export type LossName = 'squared-error' | 'cross-entropy';

/**
 * The loss of a name, or the loss itself.
 *
 * @throws {OptionError} if there is no such loss
 */
export function lossOf(loss: LossName | Loss): Loss {
  if (typeof loss !== 'string') return loss;
  if (loss === 'squared-error') return squaredError();
  if (loss === 'cross-entropy') return crossEntropy();
  throw new OptionError(`train: got the loss '${String(loss)}', expected 'squared-error', 'cross-entropy' or a Loss`);
}
