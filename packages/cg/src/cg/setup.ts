import type { LinearOperator, NumericalError, Placement, SolveStatus } from '@ntk/linop';
import type { Preconditioner, Preconditioning } from '../preconditioners/preconditioner.ts';

/** What a preconditioner found wrong with an operator, in the words of Solution. */
export interface SetupFailure {
  readonly status: Extract<SolveStatus, 'breakdown' | 'non-finite-input'>;
  readonly message: string;
}

/** Makes the preconditioner, if any; a numerical failure is returned as data. */
export async function setUp(
  A: LinearOperator,
  preconditioner: Preconditioner | undefined,
  placement: Required<Placement>,
): Promise<{ readonly preconditioning: Preconditioning | undefined; readonly failure: SetupFailure | undefined }> {
  try {
    return { preconditioning: await preconditioner?.init(A, placement), failure: undefined };
  } catch (error) {
    if (!(error instanceof Error && error.name === 'NumericalError')) throw error;
    const { status, message } = error as NumericalError;
    return { preconditioning: undefined, failure: { status, message } };
  }
}
