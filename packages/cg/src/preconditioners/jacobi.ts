import { NumericalError, diagonal, diagonalOperator } from '@ntk/linop';
import type { Preconditioner } from './preconditioner.ts';

/** Settings of the Jacobi preconditioner. */
export interface JacobiOptions {
  /** The diagonal of A, [n], where the caller knows it; else `diagonal(A)`, which costs n products where A has no fast path. */
  readonly diagonal?: Float64Array;
}

/**
 * The Jacobi preconditioner, M = diag(A): for systems whose rows differ in scale.
 *
 * Cost: the diagonal of A once; n multiplications a vector. Source: Golub & Van Loan (2013), section 11.5.3.
 */
export function jacobi(options: JacobiOptions = {}): Preconditioner {
  return {
    init: async (A, placement) => {
      const d = options.diagonal ?? (await diagonal(A));
      checkDiagonal(d);
      const inverse = diagonalOperator(
        d.map((value) => 1 / value),
        placement,
      );
      const inverseRoot = diagonalOperator(
        d.map((value) => 1 / Math.sqrt(value)),
        placement,
      );
      const dispose = (): void => {
        inverse.dispose();
        inverseRoot.dispose();
      };
      const logDeterminant = d.reduce((sum, value) => sum + Math.log(value), 0);
      return { inverse, inverseRoot, logDeterminant, dispose, [Symbol.dispose]: dispose };
    },
  };
}

function checkDiagonal(d: Float64Array): void {
  const bad = d.findIndex((value) => !(value > 0 && value < Infinity));
  if (bad < 0) return;
  const value = d[bad]!;
  throw new NumericalError(
    `jacobi: got ${value} at entry ${bad} of the diagonal, expected positive numbers; ` +
      (Number.isFinite(value) ? 'the operator is not positive definite' : 'look for missing values or overflow in it'),
    Number.isFinite(value) ? 'breakdown' : 'non-finite-input',
  );
}
