import type { KrylovReduction } from '@ntk/linop';
import { checkCount, lanczos } from './lanczos.ts';

/** Settings of lanczosReduction. */
export interface LanczosReductionOptions {
  /** Most steps; 100 by default. */
  readonly maxSteps?: number;
}

/**
 * Lanczos as a method for those who take one, such as the evidence of @ntk/gp: `lanczos` with at most so many steps.
 *
 * @throws {OptionError} if the steps are not a positive integer
 */
export function lanczosReduction({ maxSteps = 100 }: LanczosReductionOptions = {}): KrylovReduction {
  checkCount(maxSteps, 'lanczosReduction', 'maxSteps');
  return {
    reduce: (A, starts, isEnough) =>
      lanczos(A, starts, { steps: maxSteps, ...(isEnough === undefined ? {} : { isEnough }) }),
  };
}
