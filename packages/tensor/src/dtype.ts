import { DTypeError } from './errors.ts';

/** Element types of tensors. Masks are 0/1 and indices are integer-valued in the same type. */
export type DType = 'float32' | 'float64';

/** Host storage of a tensor, row-major. */
export type TypedArray = Float32Array | Float64Array;

/** The dtype that a host array holds. */
export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Float32Array) return 'float32';
  throw new DTypeError(
    `dtypeOf: got ${Object.prototype.toString.call(data)}, expected a Float32Array or a Float64Array`,
  );
}

/** A new zero-filled host array of `length` elements. */
export function allocate(dtype: DType, length: number): TypedArray {
  return dtype === 'float64' ? new Float64Array(length) : new Float32Array(length);
}

/** `data` in the given dtype: itself where the dtype already fits, otherwise a rounded or widened copy. */
export function asDType(data: TypedArray, dtype: DType): TypedArray {
  if (dtypeOf(data) === dtype) return data;
  return dtype === 'float64' ? new Float64Array(data) : new Float32Array(data);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return dtype === 'float64' ? 8 : 4;
}

/** Unit roundoff of the dtype: half the distance from 1 to the next larger number. */
export function unitRoundoff(dtype: DType): number {
  return dtype === 'float64' ? 2 ** -53 : 2 ** -24;
}
