import { NtkError } from '@ntk/tensor';

/** An operator lacks a tag (symmetric, positive-definite, diagonal) that the solver or function needs. */
export class TagError extends NtkError {}

/** A host factorisation failed on its numbers: not positive definite, not finite, or not converged. */
export class NumericalError extends NtkError {
  /** What went wrong, in the words of Solution. */
  readonly status: 'breakdown' | 'non-finite-input';

  constructor(message: string, status: 'breakdown' | 'non-finite-input') {
    super(message);
    this.status = status;
  }
}
