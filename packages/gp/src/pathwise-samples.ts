import { type Matrix, cholesky, matrix, solveLower, solveLowerTransposed } from '@ntk/linop';
import { OptionError, type Rng } from '@ntk/tensor';
import { checkOutputs, checkVector } from './checks.ts';
import { withoutTrend } from './least-squares.ts';
import type { Targets } from './posterior.ts';
import { timesRoot } from './precision-root.ts';
import { centreTargets } from './prior-mean.ts';
import { asRow, rowOf, sliceSquare, stackRows } from './rows.ts';
import { scaleColumns } from './prior-scale.ts';
import { type TestJacobian, jacobianTimes, testRows } from './test-jacobian.ts';
import type { WeightSystem } from './weight-system.ts';

/** What to draw. */
export interface SampleOptions {
  /** Number of samples s. */
  readonly samples: number;
  /** Every sample has its own fork, so that the first samples of a longer run are those of a shorter one. */
  readonly rng: Rng;
}

/** Exact posterior samples of the function, as weights: data to keep and to evaluate anywhere, without training data. */
export interface PathwiseSamples {
  /** One weight vector a row, [s, p]. */
  readonly weights: Matrix;
  /** β of each sample where the prior mean is `constant`, [s, q]; q = 0 where it is fixed. */
  readonly constants: Matrix;
}

/**
 * Draws functions from the posterior: w_s = θ̃ + S Jᵀ A⁻¹(r − Jθ̃ − ε), θ̃ ~ N(0, S), ε ~ N(0, Σ).
 *
 * Exact because the features are finite: mean and covariance of J* w_s are those of the posterior. For a `constant` mean each sample refits β,
 * which gives β its posterior under the flat prior.
 *
 * @param system - a conditioning by conditionJacobian or conditionOperator, or kernelWeights of one by conditionKernel; borrowed
 * @returns samples that belong to the caller
 * @throws {OptionError} if the number of samples is not a positive integer
 * @throws {ShapeError} if the targets have not N entries
 * @throws {NumericalError} if a target is not finite
 * @throws {SolveError} if an iterative solve does not converge
 *
 * Cost: one block solve of s + q right-hand sides, and one product with J.
 * Source: Wilson et al. (2020), Efficiently sampling functions from Gaussian process posteriors, equation 12, with the exact features.
 */
export async function pathwiseSamples(
  system: WeightSystem,
  { yTrain, priorMean }: Targets,
  { samples, rng }: SampleOptions,
): Promise<PathwiseSamples> {
  if (!(Number.isInteger(samples) && samples > 0))
    throw new OptionError(`pathwiseSamples: got ${samples} samples, expected a positive integer`);
  const { priorScale, rows, precisionRoot } = system;
  const { centred, basis, offset } = centreTargets(yTrain, rows, priorMean);
  const prior = standardNormals(samples, priorScale.length, rng, 'prior');
  const noise = standardNormals(samples, rows, rng, 'noise'); // Lᵀε, since LᵀΣL = I
  const explained = await system.whitenedPredictions(prior); // LᵀJθ̃, [s, N]
  const targets = timesRoot(asRow(centred), precisionRoot).data;
  const residuals = matrix(
    samples,
    rows,
    noise.data.map((value, i) => targets[i % rows]! - explained.data[i]! - value),
  );
  const whitened = stackRows(timesRoot(basis, precisionRoot), residuals);
  const { coefficients, gram } = await system.solve(whitened);
  const q = basis.rows;
  const { factor } = cholesky(sliceSquare(gram, q), { jitter: { limit: 0 } });
  const weights = scaleColumns(prior, priorScale);
  const constants = matrix(samples, q);
  for (let s = 0; s < samples; s++) {
    const half = solveLower(factor, asRow(rowOf(gram, q + s).slice(0, q)));
    const shift = solveLowerTransposed(factor, half).data;
    rowOf(constants, s).set(shift.map((slope, a) => slope + offset[a]!));
    const update = withoutTrend(coefficients, shift, q + s);
    rowOf(weights, s).forEach((theta, j, row) => (row[j] = theta + update[j]!));
  }
  return { weights, constants };
}

/**
 * Evaluates samples at test rows.
 *
 * @param priorMean - m(X*), [M], where the mean is `fixed`; zero by default, ignored where it is `constant`
 * @returns one sample of the noise-free function a row, [s, M]
 * @throws {ShapeError} if sizes do not fit
 *
 * Cost: one product with J*, of s columns.
 */
export async function evaluateSamples(
  { weights, constants }: PathwiseSamples,
  jTest: TestJacobian,
  priorMean?: Float64Array,
): Promise<Matrix> {
  const m = testRows(jTest, weights.columns);
  const values = await jacobianTimes(jTest, weights); // [s, M]
  const q = constants.columns;
  if (q > 0) checkOutputs(q, m, 'samples');
  else if (priorMean !== undefined) checkVector(priorMean, m, 'priorMean');
  for (let i = 0; i < values.data.length; i++) {
    const [s, row] = [Math.floor(i / m), i % m];
    values.data[i]! += q > 0 ? constants.data[s * q + (row % q)]! : (priorMean?.[row] ?? 0);
  }
  return values;
}

function standardNormals(samples: number, length: number, rng: Rng, label: string): Matrix {
  const draws = matrix(samples, length);
  for (let s = 0; s < samples; s++) rowOf(draws, s).set(rng.fork(`${label} ${s}`).normals(length));
  return draws;
}
