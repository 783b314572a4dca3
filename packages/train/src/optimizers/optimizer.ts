import type { TypedArray } from '@ntk/tensor';

/** A rule that turns gradients into steps. A value made by a factory; it holds settings and no state. */
export interface Optimizer {
  readonly name: string;
  /** Step size before any schedule, in the units of the rule. */
  readonly learningRate: number;
  /**
   * Begins a run.
   *
   * @param parameters - the parameters as one flat array; the state takes its length and dtype
   */
  start(parameters: TypedArray): OptimizerState;
}

/** What a rule remembers from step to step. */
export interface OptimizerState {
  /**
   * Takes one step, in place.
   *
   * @param parameters - [p]; written
   * @param gradient - [p]; borrowed
   * @param learningRate - that of this step, after the schedule
   */
  step(parameters: TypedArray, gradient: TypedArray, learningRate: number): void;
}
