import type { ProgramBuilder, TypedArray, Value } from '@ntk/tensor';

/** What a loss emits for a batch of n examples. */
export interface EmittedLoss {
  /** The loss of each example, [n]. */
  readonly losses: Value;
  /** ∂(loss of the example)/∂(its outputs), [n, c]. */
  readonly gradient: Value;
}

/**
 * How far outputs are from targets, example by example. Only numbers of the example itself may enter, so that a padded batch
 * gives the gradient of the batch without padding.
 */
export interface Loss {
  readonly name: string;
  /**
   * Brings targets into the form that `emit` reads.
   *
   * @param y - as the caller has them; borrowed
   * @param n - number of examples
   * @param c - number of outputs
   * @returns [n, columns], the same number of columns for any n; may alias `y`
   * @throws {ShapeError | OptionError} if they do not fit
   */
  targets(y: TypedArray, n: number, c: number): TypedArray;
  /**
   * @param b - where to emit
   * @param outputs - [n, c]
   * @param targets - [n, columns]
   */
  emit(b: ProgramBuilder, outputs: Value, targets: Value): EmittedLoss;
}
