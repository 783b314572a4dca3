import type { Column } from './column.ts';

/**
 * Settles a column by its true residual, or sends it on.
 *
 * @param truth - the true residual norm, after scaling
 * @param isLast - whether the steps are used up
 * @returns 'restart' where the recurrence claimed a convergence that is not true, and should start again from the true residual
 */
export function judge(column: Column, truth: number, isLast: boolean): 'settled' | 'continue' | 'restart' {
  const claims = column.phase === 'claims';
  if (!Number.isFinite(truth)) return settle(column, NaN, 'non-finite-input', NOT_FINITE);
  if (truth <= column.tolerance) return settle(column, truth, 'converged', undefined);
  if (claims && column.status !== 'converged') return settle(column, truth, column.status, column.message);
  if (claims && stalls(column, truth)) return settle(column, truth, 'breakdown', STALLED);
  if (isLast) return settle(column, truth, 'max-steps', OUT_OF_STEPS);
  if (!claims) return 'continue';
  column.phase = 'running';
  column.residual = truth;
  return 'restart';
}

function settle(column: Column, truth: number, status: Column['status'], message: string | undefined): 'settled' {
  column.phase = 'settled';
  column.status = status;
  column.message = message;
  column.residual = truth;
  return 'settled';
}

// Whether a restart has not helped: the true residual is not half of what it was at the last claim.
function stalls(column: Column, truth: number): boolean {
  const hasFallen = truth <= column.confirmed / 2;
  column.confirmed = truth;
  return !hasFallen;
}

/** What is said where a product is not finite. */
export const NOT_FINITE = 'a product with the operator is not finite; look for missing values or overflow in it';
const STALLED =
  'the true residual no longer falls, although the recurrence converges: the rounding of the products allows no less; ' +
  'loosen rtol, or multiply in float64';
const OUT_OF_STEPS = 'the steps are used up; raise maxSteps, or use a preconditioner';
