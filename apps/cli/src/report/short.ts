/** A number with three significant digits, as people write it. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const magnitude = Math.abs(value);
  return magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
}
