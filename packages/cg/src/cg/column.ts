import type { SolveStatus } from '@ntk/linop';

/**
 * One right-hand side of a block and how far its solution is.
 *
 * `running`: takes part in every step. `claims`: its recurrence has ended, in convergence or in a failure, and waits for the true
 * residual. `settled`: the true residual has spoken.
 */
export interface Column {
  /** Its row in the block of the caller. */
  readonly index: number;
  /** What the iteration divides this right-hand side by: a power of two near its norm. */
  readonly scale: number;
  /** ‖b‖ after scaling. */
  readonly norm: number;
  /** The residual norm that counts as converged, after scaling. */
  readonly tolerance: number;
  phase: 'running' | 'claims' | 'settled';
  status: SolveStatus;
  /** Why the status is not `converged`. */
  message: string | undefined;
  steps: number;
  /** Residual norm by the recurrence, or the true one where that is newer; after scaling. */
  residual: number;
  /** The true residual norm when the recurrence last claimed convergence; Infinity before. */
  confirmed: number;
  /** Largest ‖A p‖ / ‖p‖ so far: a lower bound of the largest eigenvalue. */
  curvature: number;
}

/** A column as it starts. */
export function startColumn(
  index: number,
  { scale, norm, tolerance }: Pick<Column, 'scale' | 'norm' | 'tolerance'>,
): Column {
  return {
    index,
    scale,
    norm,
    tolerance,
    phase: 'running',
    status: 'converged',
    message: undefined,
    steps: 0,
    residual: norm,
    confirmed: Infinity,
    curvature: 0,
  };
}

/** Ends the recurrence of a column; the true residual will confirm or refute it. */
export function claim(column: Column, status: SolveStatus, message?: string): void {
  column.phase = 'claims';
  column.status = status;
  column.message = message;
}

// From best to worst.
const ORDER: readonly SolveStatus[] = ['converged', 'max-steps', 'breakdown', 'non-finite-input'];

/** The column with the worst status, the first of them; undefined for no columns. */
export function worstColumn<C extends { readonly status: SolveStatus }>(columns: readonly C[]): C | undefined {
  return columns.reduce<C | undefined>(
    (worst, column) =>
      worst === undefined || ORDER.indexOf(column.status) > ORDER.indexOf(worst.status) ? column : worst,
    undefined,
  );
}
