export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let e = 0,
    s = 0;
  for (let i = 0; i < b.length; i++) {
    e += (a[i]! - b[i]!) ** 2;
    s += b[i]! ** 2;
  }
  return Math.sqrt(e / s);
}
