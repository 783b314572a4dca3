import {
  type LinearOperator,
  type Matrix,
  type Tridiagonal,
  type Tridiagonalization,
  applyQ,
  factorTridiagonal,
  gemm,
  matrix,
  solveTridiagonal,
  syrk,
  tridiagonalize,
} from '@ntk/linop';
import { ShapeError, unitRoundoff } from '@ntk/tensor';
import { checkMatrix, checkScale } from './checks.ts';
import { type EvidenceFunction, type RatioGrams, evidenceFunction, meanDiagonal } from './evidence-function.ts';
import { type FeatureProducts, featureProducts } from './feature-products.ts';
import { gramOfRows } from './information.ts';
import type { Targets } from './posterior.ts';
import { priorScales, scaleColumns } from './prior-scale.ts';
import { tridiagonalEvidence } from './tridiagonal-evidence.ts';
import { traceOfInverse } from './tridiagonal-trace.ts';
import { whitenTargets } from './whitened-targets.ts';

/** A Jacobian and targets whose evidence is wanted for many prior and noise variances. */
export interface JacobianEvidenceProblem extends Targets {
  /** J(X), [N, p]: on the host, or an operator known by its products, which needs p below N. */
  readonly jTrain: Matrix | LinearOperator;
  /** Relative prior variances of the parameters, which s² multiplies, [p]; ones by default, 0 freezes a parameter. */
  readonly priorShape?: Float64Array;
  /** D of Σ = σ² D: relative noise variances of the rows, positive, [N]; ones by default. */
  readonly noiseShape?: Float64Array;
}

// What is taken out of the targets in advance need only be nearly their projection: the rest is exact for any choice. In units of the trace of FᵀF, of which
// rounding may make an eigenvalue negative by the unit roundoff.
const PROJECTION_SHIFT = 1e-12;

/**
 * The same function of (s², σ²) as tridiagonalEvidence with K = J S Jᵀ, from FᵀF = Q T Qᵀ, [p, p], F = D^{-1/2} J S^{1/2}; where p is not
 * below N, from the smaller FFᵀ.
 *
 * With M = FFᵀ + τI: log|M| = (N − p) log τ + log|T + τI|, tr M⁻¹ = (N − p)/τ + tr (T + τI)⁻¹. Each vector is split as b = Fω + ρ, after
 * which no inner product with M⁻¹ subtracts numbers that are nearly equal, although ‖b‖² − bᵀF(FᵀF + τI)⁻¹Fᵀb would.
 *
 * @param problem - borrowed, not kept
 * @throws {ShapeError} if sizes do not fit
 * @throws {OptionError} if a relative variance is out of its domain, or the Jacobian is zero
 * @throws {NumericalError} if a number is not finite
 *
 * Cost: N·p²/2 + 2/3·p³ multiply-adds once (for an operator p products with J and Jᵀ in the place of the first), then O(p) a ratio.
 * Source: as tridiagonalEvidence, by the identities of Woodbury and of determinants.
 */
export async function jacobianEvidence(problem: JacobianEvidenceProblem): Promise<EvidenceFunction> {
  const { jTrain, yTrain, priorMean, noiseShape, priorShape = 1 } = problem;
  const [n, p] = 'data' in jTrain ? [jTrain.rows, jTrain.columns] : jTrain.shape;
  if ('data' in jTrain) checkMatrix(jTrain, n, p, 'jTrain');
  const priorScale = priorScales(priorShape, p);
  if (p >= n) return tridiagonalEvidence({ ...problem, kTrainTrain: kernelOf(jTrain, priorScale) });
  const { whitening, vectors, logShape, freedom } = whitenTargets({ yTrain, priorMean, noiseShape }, n);
  const root = { rows: n, size: 1, blocks: whitening };
  const features = featureProducts(jTrain, { priorScale, root });
  try {
    const g = await features.gram();
    const scale = (meanDiagonal(g) * p) / n;
    checkScale(scale);
    const roundoff = 'data' in jTrain ? 0 : 4 * unitRoundoff(jTrain.dtype);
    const shift = Math.max(PROJECTION_SHIFT, roundoff) * meanDiagonal(g) * p;
    const split = await splitVectors(tridiagonalize(g, { inPlace: true }), { features, vectors, shift });
    return evidenceFunction(freedom, scale, (ratio) => {
      const { inverse, inverseSquared, trace, logDeterminant } = gramsAt(split, ratio);
      return {
        inverse,
        inverseSquared,
        trace: trace + (n - p) / ratio,
        logDeterminant: logDeterminant + (n - p) * Math.log(ratio) + logShape,
      };
    });
  } finally {
    features.dispose();
  }
}

function kernelOf(jTrain: Matrix | LinearOperator, priorScale: Float64Array): Matrix {
  if ('data' in jTrain) return syrk(scaleColumns(jTrain, priorScale));
  throw new ShapeError(
    `jacobianEvidence: got an operator of ${jTrain.shape.join(' × ')}, expected fewer parameters than rows; use tridiagonalEvidence with the kernel`,
  );
}

/** Vectors b = Fω + ρ in the basis Q. */
interface Split {
  readonly t: Tridiagonal;
  /** Qᵀω, [q + 1, p]. */
  readonly omega: Matrix;
  /** QᵀFᵀρ, nearly 0, [q + 1, p]. */
  readonly h: Matrix;
  /** ρᵀρ', [q + 1, q + 1]. */
  readonly rest: Matrix;
}

interface Unsplit {
  readonly features: FeatureProducts;
  readonly vectors: Matrix;
  readonly shift: number;
}

async function splitVectors(reduction: Tridiagonalization, { features, vectors, shift }: Unsplit): Promise<Split> {
  const g = applyQ(reduction, await features.project(vectors), { transpose: true });
  const omega = solveTridiagonal(factorTridiagonal(reduction.tridiagonal, shift), g);
  const explained = await features.predict(applyQ(reduction, omega)); // [q + 1, N]
  const rho = combine(vectors, -1, explained);
  const h = applyQ(reduction, await features.project(rho), { transpose: true });
  return { t: reduction.tridiagonal, omega, h, rest: gramOfRows(rho) };
}

// With u = (T + τI)⁻¹ω and v = (T + τI)⁻¹h: M⁻¹Fω = Fu and M⁻¹ρ = (ρ − Fv)/τ, so M⁻¹b = Fz + ρ/τ with z = u − v/τ.
function gramsAt({ t, omega, h, rest }: Split, ratio: number): RatioGrams {
  const factor = factorTridiagonal(t, ratio);
  const u = solveTridiagonal(factor, omega);
  const v = solveTridiagonal(factor, h);
  const z = combine(u, -1 / ratio, v);
  const inverse = products(omega, timesTridiagonal(t, u)); // ωᵀT(T + τI)⁻¹ω'
  addProducts(inverse, 1, h, u);
  addProducts(inverse, 1, u, h);
  addProducts(inverse, -1 / ratio, h, v);
  const inverseSquared = products(z, timesTridiagonal(t, z));
  addProducts(inverseSquared, 1 / ratio, h, z);
  addProducts(inverseSquared, 1 / ratio, z, h);
  return {
    inverse: combine(inverse, 1 / ratio, rest),
    inverseSquared: combine(inverseSquared, 1 / ratio ** 2, rest),
    trace: traceOfInverse(factor),
    logDeterminant: factor.logDeterminant,
  };
}

function timesTridiagonal({ diagonal, offDiagonal }: Tridiagonal, x: Matrix): Matrix {
  const p = x.columns;
  const product = matrix(x.rows, p);
  for (let start = 0; start < x.data.length; start += p) {
    for (let i = 0; i < p; i++) {
      const before = i > 0 ? offDiagonal[i - 1]! * x.data[start + i - 1]! : 0;
      const after = i + 1 < p ? offDiagonal[i]! * x.data[start + i + 1]! : 0;
      product.data[start + i] = before + diagonal[i]! * x.data[start + i]! + after;
    }
  }
  return product;
}

function products(a: Matrix, b: Matrix): Matrix {
  return gemm(a, b, { transposeB: true });
}

function addProducts(target: Matrix, alpha: number, a: Matrix, b: Matrix): void {
  gemm(a, b, { transposeB: true, alpha, addTo: target });
}

function combine(a: Matrix, factor: number, b: Matrix): Matrix {
  return matrix(
    a.rows,
    a.columns,
    a.data.map((value, i) => value + factor * b.data[i]!),
  );
}
