import { NtkError } from '@ntk/tensor';

/** Where training diverged. */
export interface Divergence {
  /** The epoch, counted from 1. */
  readonly epoch: number;
  /** Steps taken before, over all epochs. */
  readonly step: number;
  /** The learning rate of that step. */
  readonly learningRate: number;
}

/**
 * The loss or a parameter became infinite or NaN. Nothing was changed: the network that was given in holds its own values.
 */
export class DivergenceError extends NtkError {
  readonly divergence: Divergence;

  constructor(what: string, divergence: Divergence) {
    const { epoch, step, learningRate } = divergence;
    super(
      `train: ${what} in epoch ${epoch} after ${step} steps, expected finite numbers; ` +
        `lower the learning rate (now ${learningRate}), or scale inputs and targets to about unit variance`,
    );
    this.divergence = divergence;
  }
}
