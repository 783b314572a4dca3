import { type Matrix, eigh, gemm, matrix, syrk } from '@ntk/linop';
import { orthonormalRows } from './orthonormal-rows.ts';

/** XᵀX = Σ values[i] · q_i q_iᵀ with the q_i as rows. */
export interface PrincipalRows {
  /** Positive, descending, [r]. */
  readonly values: Float64Array;
  /** Orthonormal rows, [r, n]. */
  readonly rows: Matrix;
}

/**
 * The eigenvectors of XᵀX with eigenvalues above rounding, without forming it.
 *
 * @param x - [k, n] with k ≤ n; borrowed
 *
 * Cost: 3·k²·n multiply-adds, and an eigendecomposition of size k.
 */
export function principalRows(x: Matrix): PrincipalRows {
  const { q, t } = orthonormalRows(x);
  const { values, vectors } = eigh(syrk(t, { transposeA: true }), { inPlace: true });
  const largest = values[values.length - 1] ?? 0;
  const kept = [...values.keys()].reverse().filter((i) => values[i]! > x.rows * Number.EPSILON * largest);
  const selected = matrix(kept.length, x.rows);
  kept.forEach((from, to) => {
    selected.data.set(vectors.data.subarray(from * x.rows, (from + 1) * x.rows), to * x.rows);
  });
  return { values: Float64Array.from(kept, (i) => values[i]!), rows: gemm(selected, q) };
}
