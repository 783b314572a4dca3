import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import type { Conditioning, WeightConditioning, WhitenedSolution } from './conditioning.ts';
import { applyOperator } from './operator-product.ts';
import { timesRoot } from './precision-root.ts';
import { priorScales, scaleColumns } from './prior-scale.ts';

/** The part of a conditioning that works with weights: enough for samples and for the covariance of weights. */
export type WeightSystem = Pick<
  WeightConditioning<never>,
  'rows' | 'precisionRoot' | 'priorScale' | 'whitenedPredictions' | 'solve'
>;

/**
 * Weights from a conditioning in function space, whose kernel is J S Jᵀ.
 *
 * @param conditioning - borrowed for the life of the system
 * @param jTrain - J(X), [N, p]; borrowed likewise
 * @param priorVariance - S: s² for all parameters, or one prior variance a parameter [p]
 * @throws {OptionError | ShapeError} if a prior variance is negative, or there is not one a parameter
 *
 * Cost of a solve: that of the conditioning, and one product with Jᵀ.
 */
export function kernelWeights(
  conditioning: Pick<Conditioning<never>, 'rows' | 'precisionRoot' | 'solve'>,
  jTrain: LinearOperator,
  priorVariance: number | Float64Array,
): WeightSystem {
  const { rows, precisionRoot } = conditioning;
  const priorScale = priorScales(priorVariance, jTrain.shape[1]);
  return {
    rows,
    precisionRoot,
    priorScale,
    whitenedPredictions: async (xi) =>
      timesRoot(await applyOperator(jTrain, scaleColumns(xi, priorScale)), precisionRoot),
    solve: async (whitened): Promise<WhitenedSolution> => {
      const { value, coefficients, gram } = await conditioning.solve(whitened);
      using transpose = jTrain.transpose();
      const gradient = await applyOperator(transpose, coefficients); // Jᵀα, [k, p]
      return {
        value,
        coefficients: scaleColumns(
          gradient,
          priorScale.map((scale) => scale * scale),
        ),
        gram,
      };
    },
  };
}

/**
 * The posterior covariance of the weights times some rows, S j − S Jᵀ A⁻¹ J S j: its product with J* is the covariance of the function between
 * the test rows and those whose Jacobian is j.
 *
 * @param rows - j, [k, p]; borrowed
 * @returns [k, p]
 *
 * Cost: one solve of k right-hand sides, and one product with J. Source: Rasmussen & Williams (2006), equation 2.12.
 */
export async function weightCovariance(system: WeightSystem, rows: Matrix): Promise<Matrix> {
  const scaled = scaleColumns(rows, system.priorScale); // S^{1/2} j
  const { coefficients } = await system.solve(await system.whitenedPredictions(scaled));
  const prior = scaleColumns(scaled, system.priorScale);
  return matrix(
    rows.rows,
    rows.columns,
    prior.data.map((value, i) => value - coefficients.data[i]!),
  );
}
