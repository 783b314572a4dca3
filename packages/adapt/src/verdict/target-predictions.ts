/** Predictions of every training target from all other examples, noise included, [n·c] each. */
export interface TargetPredictions {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}
