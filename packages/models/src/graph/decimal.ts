/**
 * A setting of a network as its author wrote it: files store 0.001 in single precision, 0.0010000000474974513, and what is read is the
 * shortest decimal that is stored so.
 *
 * In double precision a network has the same outputs then whichever file it comes from; in single precision nothing changes.
 */
export function asWritten(stored: number): number {
  if (Number.isInteger(stored) || Math.fround(stored) !== stored) return stored;
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(stored.toPrecision(digits));
    if (Math.fround(decimal) === stored) return decimal;
  }
  return stored;
}
