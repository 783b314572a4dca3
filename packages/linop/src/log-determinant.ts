/** The capability of a solver's state to give log |A|. */
export interface LogDeterminant {
  /**
   * log |A| of the operator that the state was made from, jitter included.
   *
   * @throws {NumericalError} if there is none because A is not positive definite
   */
  logDeterminant(): Promise<number>;
}
