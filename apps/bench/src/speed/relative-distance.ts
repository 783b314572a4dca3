import type { TypedArray } from '@ntk/tensor';

/** ‖a − b‖ / ‖b‖ in the Euclidean norm. */
export function relativeDistance(a: TypedArray, b: TypedArray): number {
  let [difference, norm] = [0, 0];
  b.forEach((value, i) => {
    difference += (a[i]! - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}
