import type { TypedArray } from '@ntk/tensor';

/** Target data of a regression task. Borrowed; not to be written before `fit` has settled. */
export interface BaselineData {
  /** Number of examples. */
  readonly n: number;
  /** Inputs [n, d], row-major, as the network reads them. */
  readonly x: TypedArray;
  /** Targets [n, c], row-major, in the units of the network's outputs. */
  readonly y: Float64Array;
}

/** Gaussian predictive distributions of the targets, [m, c] each, output fastest. */
export interface BaselinePrediction {
  readonly mean: Float64Array;
  /** Of y: noise included. */
  readonly variance: Float64Array;
}

/** A way to predict target data that adaptation is compared with. */
export interface Baseline {
  readonly name: string;
  /**
   * Learns from the target data.
   *
   * @returns what predicts; the caller disposes it
   * @throws {ShapeError | OptionError} if the data do not fit
   */
  fit(data: BaselineData): Promise<FittedBaseline>;
}

/** A baseline that has seen its data. */
export interface FittedBaseline {
  readonly name: string;
  /** What was learned beside weights, one entry for each output. Variances are in squared units of the targets. */
  readonly learned: readonly Readonly<Record<string, number | readonly number[]>>[];
  /**
   * @param x - inputs [m, d], row-major; borrowed
   * @returns predictions; the caller's
   */
  predict(x: TypedArray): Promise<BaselinePrediction>;
  dispose(): void;
  [Symbol.dispose](): void;
}
