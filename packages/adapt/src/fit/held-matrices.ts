import type { LinearOperator, Matrix } from '@ntk/linop';

/** What there is of the kernel already; the rest is made where it is needed. */
export interface HeldMatrices {
  readonly kTrainTrain?: Matrix;
  /** On the host, or where it is multiplied by. */
  readonly jTrain?: Matrix | LinearOperator;
}
