import { type Matrix, NumericalError } from '@ntk/linop';
import { OptionError, ShapeError } from '@ntk/tensor';

/**
 * Rejects a vector that has another length or an entry that is not finite.
 *
 * @param name - the argument, as the caller knows it
 * @throws {ShapeError} if the length is not `length`
 * @throws {NumericalError} with status `non-finite-input` if an entry is NaN or infinite
 */
export function checkVector(values: Float64Array, length: number, name: string): void {
  if (values.length !== length)
    throw new ShapeError(`${name}: got ${values.length} entries, expected ${length}, one for each row`);
  checkFinite(values, name);
}

/** Rejects entries that are NaN or infinite with a NumericalError that names the first. */
export function checkFinite(values: Float64Array, name: string): void {
  // A loop: the array's own search calls a function for each entry, which takes twice as long.
  let bad = 0;
  while (bad < values.length && Number.isFinite(values[bad]!)) bad++;
  if (bad === values.length) return;
  throw new NumericalError(
    `${name}: got ${values[bad]} at entry ${bad}, expected finite numbers; drop or fill that entry first`,
    'non-finite-input',
  );
}

/** Rejects a matrix of other sizes, or with an entry that is not finite. */
export function checkMatrix(a: Matrix, rows: number, columns: number, name: string): void {
  if (a.rows !== rows || a.columns !== columns) {
    throw new ShapeError(`${name}: got ${a.rows} × ${a.columns}, expected ${rows} × ${columns}`);
  }
  checkFinite(a.data, name);
}

/** Rejects a variance that is not a finite number ≥ 0. */
export function checkVariance(value: number, name: string): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new OptionError(`${name}: got ${value}, expected a finite variance ≥ 0`);
}

/** Rejects a number of outputs that is not a positive divisor of the number of rows. */
export function checkOutputs(outputs: number, rows: number, name: string): void {
  if (Number.isInteger(outputs) && outputs >= 1 && rows % outputs === 0) return;
  throw new ShapeError(
    `${name}: got ${outputs} outputs for ${rows} rows, expected rows = examples × outputs, output fastest`,
  );
}

/** Rejects a kernel whose mean diagonal is not positive: nothing can be learned about its scale. */
export function checkScale(scale: number): void {
  if (scale > 0) return;
  throw new OptionError(
    `evidence: got a kernel of mean diagonal ${scale}, expected a positive one; choose layers that the outputs depend on`,
  );
}
