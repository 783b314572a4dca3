/** Σ x_i y_i of two vectors of one length. Cost: n multiply-adds. */
export function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

/** The entries of one and then of the other; a copy. */
export function concatenate(first: Float64Array, second: Float64Array): Float64Array {
  const joined = new Float64Array(first.length + second.length);
  joined.set(first, 0);
  joined.set(second, first.length);
  return joined;
}

/** Σ x_i². Cost: n multiply-adds. */
export function sumOfSquares(x: Float64Array): number {
  return dot(x, x);
}

/** x ← x + factor · y, in place. */
export function addScaled(x: Float64Array, factor: number, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i]! += factor * y[i]!;
}
