import {
  type Matrix,
  cholesky,
  choleskyInverse,
  choleskyLogDeterminant,
  choleskySolve,
  gemm,
  matrix,
  solveLower,
  solveLowerTransposed,
  tryCholesky,
} from '@ntk/linop';
import { OptionError, ShapeError } from '@ntk/tensor';
import { checkMatrix, checkOutputs } from './checks.ts';
import { lowerSolveRows, withoutTrend } from './least-squares.ts';
import type { Targets } from './posterior.ts';
import { noisePrecisionRoot } from './precision-root.ts';
import { type CentredTargets, centreTargets } from './prior-mean.ts';
import { asRow, rowOf, stackRows } from './rows.ts';
import { addScaled, dot } from './vector.ts';

/** Kernels that share out the prior, and targets. */
export interface GroupedProblem extends Targets {
  /** K_l = J_l J_lᵀ of each group of parameters, such as a layer, without prior variance; symmetric, each [N, N]. */
  readonly kernels: readonly Matrix[];
  /** D of Σ: relative noise variances of the rows, positive, [N]; ones by default. */
  readonly noiseShape?: Float64Array;
  /** c for a noise variance an output, row i having that of output i mod c; 1 (one for all rows) by default. */
  readonly noiseOutputs?: number;
}

/** The evidence at one point. */
export interface GroupedEvidenceAt {
  /** −∞ where A is not positive definite to rounding; the gradient is then zero. */
  readonly logMarginalLikelihood: number;
  /** By each log s_l², [groups]. */
  readonly byLogPriorVariance: Float64Array;
  /** By each log σ_a², [noiseOutputs]. */
  readonly byLogNoiseVariance: Float64Array;
}

/** Log marginal likelihood as a function of a prior variance for each group and a noise variance for each output. */
export interface GroupedEvidence {
  readonly problem: GroupedProblem;
  readonly groups: number;
  readonly noiseOutputs: number;
  /** log p(y) and its gradient. */
  at(priorVariances: Float64Array, noiseVariances: Float64Array): GroupedEvidenceAt;
}

/**
 * Makes the evidence of A = Σ_l s_l² K_l + Σ from kernels that are computed once.
 *
 * With W = ααᵀ − P: ∂/∂log s_l² = ½ s_l² tr(W K_l), ∂/∂log σ_a² = ½ tr(W Σ_a).
 *
 * @param problem - borrowed and kept: don't write the kernels while the evidence is used
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if there is no kernel, or a relative noise variance is not positive
 * @throws {NumericalError} if a number is not finite
 *
 * Cost of a point: 2/3·N³ multiply-adds and groups·N² more; no spectrum serves several scales.
 * Source: Rasmussen & Williams (2006), equations 2.30, 2.45 and 5.9.
 */
export function groupedEvidence(problem: GroupedProblem): GroupedEvidence {
  const { kernels, yTrain, priorMean, noiseShape, noiseOutputs = 1 } = problem;
  const n = yTrain.length;
  if (kernels.length === 0) throw new OptionError('groupedEvidence: got no kernels, expected one for each group');
  kernels.forEach((kernel, l) => checkMatrix(kernel, n, n, `kernels[${l}]`));
  checkOutputs(noiseOutputs, n, 'noiseOutputs');
  const targets = centreTargets(yTrain, n, priorMean);
  const shape = noisePrecisionRoot(noiseShape ?? 1, n).blocks.map((scale) => 1 / (scale * scale));
  return {
    problem,
    groups: kernels.length,
    noiseOutputs,
    at: (priorVariances, noiseVariances) => {
      checkCount(priorVariances, kernels.length, 'priorVariances');
      checkCount(noiseVariances, noiseOutputs, 'noiseVariances');
      const noise = shape.map((value, i) => value * noiseVariances[i % noiseOutputs]!);
      return evidenceAt({ kernels, priorVariances, noise, noiseOutputs, targets });
    },
  };
}

/** Σ_l s_l² K_l, new, for kernels between any sets of rows. Cost: groups·rows·columns multiply-adds. */
export function combineKernels(kernels: readonly Matrix[], priorVariances: Float64Array): Matrix {
  checkCount(priorVariances, kernels.length, 'priorVariances');
  const [rows, columns] = [kernels[0]?.rows ?? 0, kernels[0]?.columns ?? 0];
  const sum = matrix(rows, columns);
  kernels.forEach((kernel, l) => {
    checkMatrix(kernel, rows, columns, `kernels[${l}]`);
    addScaled(sum.data, priorVariances[l]!, kernel.data);
  });
  return sum;
}

interface Point {
  readonly kernels: readonly Matrix[];
  readonly priorVariances: Float64Array;
  /** Diagonal of Σ, [N]. */
  readonly noise: Float64Array;
  readonly noiseOutputs: number;
  readonly targets: CentredTargets;
}

function evidenceAt(point: Point): GroupedEvidenceAt {
  const { kernels, priorVariances, noise, noiseOutputs, targets } = point;
  const n = noise.length;
  const byLogNoiseVariance = new Float64Array(noiseOutputs);
  const a = combineKernels(kernels, priorVariances);
  for (let i = 0; i < n; i++) a.data[i * n + i]! += noise[i]!;
  const factored = a.data.every(Number.isFinite)
    ? tryCholesky(a, { inPlace: true, jitter: { limit: 0 } })
    : { status: 'breakdown' as const };
  if (factored.status !== 'converged') {
    const byLogPriorVariance = new Float64Array(kernels.length);
    return { logMarginalLikelihood: -Infinity, byLogPriorVariance, byLogNoiseVariance };
  }
  const { value, w } = differentiate(factored.factor, targets);
  noise.forEach((variance, i) => {
    byLogNoiseVariance[i % noiseOutputs]! += 0.5 * variance * w.data[i * n + i]!;
  });
  return {
    logMarginalLikelihood: value,
    byLogPriorVariance: priorVariances.map((variance, l) => 0.5 * variance * dot(w.data, kernels[l]!.data)),
    byLogNoiseVariance,
  };
}

// log p(y), and W = ααᵀ − P with P = A⁻¹ − A⁻¹H(HᵀA⁻¹H)⁻¹HᵀA⁻¹.
function differentiate(factor: Matrix, { centred, basis }: CentredTargets): { value: number; w: Matrix } {
  const n = factor.rows;
  const q = basis.rows;
  const solved = choleskySolve(factor, stackRows(basis, asRow(centred)));
  const trend = matrix(q, n, solved.data.subarray(0, q * n)); // HᵀA⁻¹
  const { factor: g } = cholesky(gemm(trend, basis, { transposeB: true }), { jitter: { limit: 0 } });
  const half = solveLower(g, gemm(asRow(centred), trend, { transposeB: true }));
  const alpha = withoutTrend(solved, solveLowerTransposed(g, half).data);
  const projection = lowerSolveRows(g, trend);
  const w = choleskyInverse(factor);
  for (let i = 0; i < n; i++) {
    const row = rowOf(w, i);
    for (let j = 0; j < n; j++) row[j] = alpha[i]! * alpha[j]! - row[j]!;
    for (let k = 0; k < q; k++) addScaled(row, projection.data[k * n + i]!, rowOf(projection, k));
  }
  const logDeterminants = choleskyLogDeterminant(factor) + choleskyLogDeterminant(g);
  return { value: -0.5 * (dot(centred, alpha) + logDeterminants + (n - q) * Math.log(2 * Math.PI)), w };
}

function checkCount(values: Float64Array, count: number, name: string): void {
  if (values.length !== count) throw new ShapeError(`${name}: got ${values.length} values, expected ${count}`);
  const bad = values.findIndex((value) => !(value >= 0));
  if (bad >= 0) throw new OptionError(`${name}: got ${values[bad]} at entry ${bad}, expected a variance ≥ 0`);
}
