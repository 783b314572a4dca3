/**
 * Splits two factorisations of one number so far that both are made of the same parts: (6, 4) and (2, 12) of (2, 3, 4).
 *
 * @returns undefined if there is no such refinement, as for (6, 4) and (8, 3)
 */
export function commonParts(a: readonly number[], b: readonly number[]): number[] | undefined {
  const ends = [...new Set([...partialProducts(a), ...partialProducts(b)])].sort((x, y) => x - y);
  const parts: number[] = [];
  let last = 1;
  for (const end of ends) {
    if (end % last !== 0) return undefined;
    if (end !== last) parts.push(end / last);
    last = end;
  }
  return parts;
}

/** How many of `parts`, in order, make up each factor of a factorisation that they refine. */
export function partsPerFactor(factors: readonly number[], parts: readonly number[]): number[] {
  let next = 0;
  return factors.map((factor) => {
    const first = next;
    for (let size = 1; size < factor; next++) size *= parts[next]!;
    return next - first;
  });
}

function partialProducts(factors: readonly number[]): number[] {
  let size = 1;
  return factors.map((factor) => (size *= factor));
}
