import { NOT_NEGATIVE, checkCount, checkSetting } from './settings.ts';

/** How the learning rate changes over a run. */
export interface Schedule {
  readonly name: string;
  /**
   * What the optimizer's learning rate is multiplied with.
   *
   * @param step - number of the step, from 0, over all epochs
   * @param totalSteps - steps of the whole run if nothing stops it early
   */
  factor(step: number, totalSteps: number): number;
}

/** The learning rate of the optimizer throughout. */
export function constantRate(): Schedule {
  return { name: 'constant', factor: () => 1 };
}

/**
 * Multiplies the learning rate by `factor` after each `every` steps: α · factor^⌊step / every⌋.
 *
 * @throws {OptionError} if a setting is outside its domain
 */
export function stepDecay(options: { readonly factor: number; readonly every: number }): Schedule {
  const { factor, every } = options;
  checkSetting('stepDecay', 'factor', factor, NOT_NEGATIVE);
  checkCount('stepDecay', 'every', every);
  return { name: 'step-decay', factor: (step) => factor ** Math.floor(step / every) };
}

/**
 * Lowers the learning rate along half a cosine, from α at the first step to `final` · α after the last.
 *
 * @throws {OptionError} if `final` is negative or not finite
 *
 * Source: Loshchilov & Hutter (2017), without restarts.
 */
export function cosineDecay(options: { readonly final?: number } = {}): Schedule {
  const { final = 0 } = options;
  checkSetting('cosineDecay', 'final', final, NOT_NEGATIVE);
  return {
    name: 'cosine-decay',
    factor: (step, totalSteps) => final + ((1 - final) * (1 + Math.cos((Math.PI * step) / totalSteps))) / 2,
  };
}
