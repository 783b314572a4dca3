import type { ProgramBuilder, Value } from '@ntk/tensor';
import type { FactorForm } from './factor-form.ts';
import { oneHot } from './one-hot.ts';
import type { UseFactors } from './use.ts';

/** How large the Jacobian of a parameter is: c outputs of n examples. */
export interface JacobianSize {
  readonly n: number;
  readonly c: number;
  readonly parameterSize: number;
}

/**
 * The factors of a parameter that is used several times or at several positions: cross terms between its uses count.
 * Either all positions side by side, T² pairs, or the summed layer Jacobian.
 */
export function joinUses(
  b: ProgramBuilder,
  factors: readonly UseFactors[],
  { form, ...size }: JacobianSize & { readonly form: FactorForm },
): UseFactors {
  const { c, parameterSize } = size;
  const [joined, ...others] = alikeSideBySide(b, factors);
  if (form !== 'jacobian' && joined!.activations !== null && others.length === 0) {
    const [a, width] = [b.shape(joined!.activations)[2]!, b.shape(joined!.sensitivities)[3]!];
    const pairs = joined!.positions ** 2 * (a + c * c * width);
    const isCheaper = joined!.positions === 1 || pairs <= c * c * parameterSize;
    if (form === 'positions' || isCheaper) return joined!;
  }
  return {
    activations: null,
    rows: null,
    sensitivities: summedJacobian(b, factors, size),
    positions: 1,
    transposed: false,
  };
}

/** The Jacobian of a parameter over all its uses, [c, n, 1, size of the parameter]. */
export function summedJacobian(b: ProgramBuilder, factors: readonly UseFactors[], size: JacobianSize): Value {
  const { n, c, parameterSize } = size;
  const rows = alikeSideBySide(b, factors).map((each) => b.reshape(layerJacobian(b, each), [c, n, 1, parameterSize]));
  return rows.reduce((sum, row) => b.add(sum, row));
}

/** Uses of one form as one use at the positions of all: steps of a recurrent layer as those of a sequence. */
function alikeSideBySide(b: ProgramBuilder, factors: readonly UseFactors[]): UseFactors[] {
  const groups = new Map<string, UseFactors[]>();
  factors.forEach((factor, i) => {
    const form = factor.activations === null ? `rows ${i}` : `${factor.transposed} ${factor.rows}`;
    groups.set(form, [...(groups.get(form) ?? []), factor]);
  });
  return [...groups.values()].map((alike) => {
    const [first] = alike as [UseFactors];
    if (alike.length === 1) return first;
    return {
      ...first,
      activations: b.concat(
        alike.map(({ activations }) => activations!),
        1,
      ),
      sensitivities: b.concat(
        alike.map(({ sensitivities }) => sensitivities),
        2,
      ),
      positions: alike.reduce((sum, { positions }) => sum + positions, 0),
    };
  });
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
