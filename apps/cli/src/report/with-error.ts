import { short } from './short.ts';

/** Digits of the standard error that are shown, and of the value at most. */
const ERROR_DIGITS = 2;
const VALUE_DIGITS = 4;

/**
 * A value and its standard error with as many decimals: "1.260 ± 0.065", "(1.2 ± 0.2)e+8". An error below what four digits of
 * the value show is rounded to that place.
 *
 * @param standardError - not finite where it is unknown: the value stands alone then
 */
export function withError(value: number, standardError: number): string {
  if (!Number.isFinite(value) || !Number.isFinite(standardError)) return short(value);
  const magnitude = Math.max(Math.abs(value), standardError);
  const exponent = magnitude === 0 ? 0 : placeOf(magnitude);
  if (exponent >= -4 && exponent < 6) return both(value, standardError, decimalsOf(value, standardError));
  const scale = 10 ** -exponent;
  const [mantissa, error] = [value * scale, standardError * scale];
  const sign = exponent < 0 ? '-' : '+';
  return `(${both(mantissa, error, decimalsOf(mantissa, error))})e${sign}${Math.abs(exponent)}`;
}

function both(value: number, error: number, decimals: number): string {
  return `${value.toFixed(decimals)} ± ${error.toFixed(decimals)}`;
}

function decimalsOf(value: number, error: number): number {
  const most = VALUE_DIGITS - 1 - placeOf(Math.max(Math.abs(value), error));
  const wanted = ERROR_DIGITS - 1 - placeOf(error);
  return Math.min(Math.max(0, Math.min(wanted, most)), 100);
}

/** The power of ten of the first digit; 0 is taken for a number without decimals to spare. */
function placeOf(value: number): number {
  return value === 0 ? 0 : Number(value.toExponential(ERROR_DIGITS - 1).split('e')[1]);
}
