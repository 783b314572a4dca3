/** Solves A x = b for each row of right-hand sides by Gauss-Jordan elimination with pivoting: slow, obvious, and nobody else's code. */
export function solveDirectly(
  a: readonly (readonly number[])[],
  rightHandSides: readonly (readonly number[])[],
): number[][] {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...rightHandSides.map((b) => b[i]!)]);
  for (let k = 0; k < n; k++) {
    const pivot = rows
      .slice(k)
      .reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      rows[i] = rows[i]!.map((value, j) => value - factor * rows[k]![j]!);
    }
  }
  return rightHandSides.map((_, j) => rows.map((row, i) => row[n + j]! / row[i]!));
}

/** Σ a_i b_i. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** The Euclidean norm. */
export function norm(a: ArrayLike<number>): number {
  return Math.sqrt(dot(a, a));
}
