import type { ProgramBuilder, Value } from '@ntk/tensor';
import { oneHot } from './one-hot.ts';
import type { UseFactors } from './use.ts';

/**
 * The factors of a parameter that is used several times or at several positions: cross terms between its uses count.
 * Either all positions side by side, T² pairs, or the summed layer Jacobian, whichever makes the kernel cheaper.
 */
export function joinUses(
  b: ProgramBuilder,
  factors: readonly UseFactors[],
  size: { readonly n: number; readonly c: number; readonly parameterSize: number },
): UseFactors {
  const { n, c, parameterSize } = size;
  const [{ transposed, rows: tableRows }] = factors as [UseFactors];
  const alike = (factor: UseFactors): boolean => factor.transposed === transposed && factor.rows === tableRows;
  if (factors.every((factor) => factor.activations !== null && alike(factor))) {
    const joined = {
      transposed,
      rows: tableRows,
      activations: b.concat(
        factors.map((factor) => factor.activations!),
        1,
      ),
      sensitivities: b.concat(
        factors.map((factor) => factor.sensitivities),
        2,
      ),
      positions: factors.reduce((sum, factor) => sum + factor.positions, 0),
    };
    const [a, width] = [b.shape(joined.activations)[2]!, b.shape(joined.sensitivities)[3]!];
    const pairs = joined.positions ** 2 * (a + c * c * width);
    if (joined.positions === 1 || pairs <= c * c * parameterSize) return joined;
  }
  const rows = factors.map((factor) => b.reshape(layerJacobian(b, factor), [c, n, 1, parameterSize]));
  return {
    activations: null,
    rows: null,
    sensitivities: rows.reduce((sum, row) => b.add(sum, row)),
    positions: 1,
    transposed: false,
  };
}

/** Σ_t A_it ⊗ G_αit as [c, n, a, b], in the orientation of the parameter; a factor without activations is a layer Jacobian already. */
function layerJacobian(b: ProgramBuilder, factors: UseFactors): Value {
  const { rows, sensitivities, transposed } = factors;
  if (factors.activations === null) return sensitivities;
  const activations = rows === null ? factors.activations : oneHot(b, factors.activations, rows);
  return transposed
    ? b.matmul(sensitivities, activations, { transposeA: true })
    : b.matmul(activations, sensitivities, { transposeA: true });
}
