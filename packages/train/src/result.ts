import type { Network } from '@ntk/tensor';

/** What happened in one epoch. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  /** Steps taken so far, over all epochs. */
  readonly steps: number;
  /** The learning rate of the last step. */
  readonly learningRate: number;
  /** Weighted mean loss of the examples, each at the parameters before its own step; without the penalty. */
  readonly trainLoss: number;
  /** Weighted mean loss of the validation data after the epoch. */
  readonly validationLoss?: number;
  /** Since training began. */
  readonly timeMs: number;
}

/** A trained network and how it came about. */
export interface TrainingResult {
  /** A new network with new values, in the precision of the given one's. */
  readonly network: Network;
  readonly history: readonly EpochRecord[];
  /** The epoch that `network` is of: the last, or with early stopping the one of the lowest validation loss. 0: no epoch improved on the given network. */
  readonly bestEpoch: number;
  readonly stopped: 'epochs' | 'early-stopping';
  /** Validation loss of the given network. */
  readonly initialValidationLoss?: number;
}
