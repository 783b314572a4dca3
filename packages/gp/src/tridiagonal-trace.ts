import type { TridiagonalFactor } from '@ntk/linop';

/**
 * tr (T + τI)⁻¹ from its factor: L⁻ᵀD⁻¹L⁻¹ has the diagonal x_i = 1/d_i + l_i² x_{i+1}, all terms positive.
 *
 * Cost: n divisions.
 */
export function traceOfInverse({ pivots, multipliers }: TridiagonalFactor): number {
  let entry = 0;
  let trace = 0;
  for (let i = pivots.length - 1; i >= 0; i--) {
    entry = 1 / pivots[i]! + (multipliers[i] ?? 0) ** 2 * entry;
    trace += entry;
  }
  return trace;
}
