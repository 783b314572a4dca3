import type { TypedArray } from '@ntk/tensor';
import type { EarlyStopping } from './options.ts';

/** Keeps the parameters of the best epoch, and says when patience has run out. */
export class BestSoFar {
  #epoch = 0;
  #loss: number;
  readonly #parameters: TypedArray;
  readonly #stopping: Required<EarlyStopping>;

  /**
   * @param initialLoss - validation loss before the first epoch
   * @param parameters - those of that loss; copied
   */
  constructor(stopping: Required<EarlyStopping>, initialLoss: number, parameters: TypedArray) {
    this.#stopping = stopping;
    this.#loss = initialLoss;
    this.#parameters = parameters.slice();
  }

  get epoch(): number {
    return this.#epoch;
  }

  get parameters(): TypedArray {
    return this.#parameters;
  }

  /**
   * Takes note of an epoch.
   *
   * @param parameters - copied if they are the best
   * @returns whether to stop
   */
  observe(epoch: number, loss: number, parameters: TypedArray): boolean {
    if (loss < this.#loss - this.#stopping.minDelta) {
      this.#epoch = epoch;
      this.#loss = loss;
      this.#parameters.set(parameters);
    }
    return epoch - this.#epoch >= this.#stopping.patience;
  }
}
