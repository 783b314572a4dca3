import { FormatError, type TypedArray } from '@ntk/tensor';

/** @throws {FormatError} naming the first entry of a weight that is not a finite number */
export function checkFinite(values: TypedArray, name: string, label: string): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new FormatError(
    `${label}: got ${values[bad]} at entry ${bad} of the weight '${name}', expected finite numbers; the training may have diverged: export an earlier state, or train again`,
  );
}
