import { type LinearOperator, NumericalError, type Tridiagonal, requireTag, tridiagonalQuadrature } from '@ntk/linop';
import { type Rng, unitRoundoff } from '@ntk/tensor';
import { type BlockProduct, LanczosProcess } from '../lanczos/lanczos-process.ts';
import { checkCount, checkSymmetric } from '../lanczos/lanczos.ts';
import { multiply, multiplyInBlocks } from '../multiply.ts';
import type { Preconditioner } from '../preconditioners/preconditioner.ts';
import { hostPlacement } from '../vectors/host-space.ts';
import { type Estimate, checkConfidence, reach, sampleMean } from './estimate.ts';
import { sphericalVectors } from './random-vectors.ts';

/** Settings of stochastic Lanczos quadrature. */
export interface StochasticLanczosOptions {
  /** Draws the probes; forked, so that the caller's stream does not move. */
  readonly rng: Rng;
  /** Random vectors, at least 2; 16 by default. */
  readonly probes?: number;
  /** Most Lanczos steps; 100 by default. Fewer are made where the quadrature has settled. */
  readonly maxSteps?: number;
  /** Of the interval; 0.95 by default. */
  readonly confidence?: number;
}

/** An estimate by quadrature; `lower` and `upper` make room for what the quadrature may still be off. */
export interface StochasticLanczosEstimate extends Estimate {
  /** How much the value moved in the last Lanczos steps: a measure of what more of them would change. 0 where they were exhaustive. */
  readonly truncation: number;
  /** Lanczos steps. */
  readonly steps: number;
}

// The quadrature is looked at after every so many steps, and has settled when it moved by less than this part of the standard error.
const STRIDE = 4;
const SETTLED = 0.02;

/**
 * Estimates tr f(A) for a symmetric operator: the mean of n · uᵀf(A)u over random unit vectors u, each by the Gauss rule of a Lanczos run.
 *
 * @param A - symmetric, [n, n]; borrowed
 * @param f - finite on the spectrum of A
 * @throws {TagError | ShapeError | OptionError} if operator and options do not fit
 * @throws {NumericalError} if a product, or f at an estimated eigenvalue, is not finite
 *
 * Cost: at most probes · maxSteps products in blocks of `probes`; probes · steps · n numbers of memory.
 * Source: Ubaru, Chen & Saad (2017), Fast estimation of tr(f(A)) via stochastic Lanczos quadrature, algorithm 1.
 */
export async function stochasticLanczosTrace(
  A: LinearOperator,
  f: (eigenvalue: number) => number,
  options: StochasticLanczosOptions,
): Promise<StochasticLanczosEstimate> {
  checkSymmetric(A, 'stochasticLanczosTrace');
  return estimate((x) => multiplyInBlocks(A, x), f, { ...options, n: A.shape[0], roundoff: unitRoundoff(A.dtype) });
}

/** Settings of the log-determinant. */
export interface StochasticLogDeterminantOptions extends StochasticLanczosOptions {
  /** M: only log |M⁻¹A| is estimated, with a smaller error and in fewer steps the better M is. None by default. */
  readonly preconditioner?: Preconditioner;
}

/**
 * Estimates log |A| for a positive definite operator, as log |M| + tr log(R A Rᵀ) with M⁻¹ = RᵀR where there is a preconditioner.
 *
 * @param A - positive definite, [n, n]; borrowed
 * @throws {TagError | ShapeError | OptionError} if operator and options do not fit
 * @throws {NumericalError} if A is found not to be positive definite, or not finite
 *
 * Cost: as `stochasticLanczosTrace`, and the preconditioner's. Source: Ubaru, Chen & Saad (2017); with preconditioner, Wenger, Pleiss,
 * Hennig, Cunningham & Gardner (2022), Preconditioning for scalable Gaussian process hyperparameter optimization, section 3.
 */
export async function stochasticLogDeterminant(
  A: LinearOperator,
  { preconditioner, ...options }: StochasticLogDeterminantOptions,
): Promise<StochasticLanczosEstimate> {
  checkSymmetric(A, 'stochasticLogDeterminant');
  requireTag(A, 'positive-definite', 'stochasticLogDeterminant');
  const problem = { ...options, n: A.shape[0], roundoff: unitRoundoff(A.dtype) };
  if (preconditioner === undefined) return estimate((x) => multiplyInBlocks(A, x), Math.log, problem);
  using preconditioning = await preconditioner.init(A, hostPlacement());
  const root = preconditioning.inverseRoot;
  using transpose = root.transpose();
  const product: BlockProduct = async (x) => multiply(root, await multiplyInBlocks(A, await multiply(transpose, x)));
  const rest = await estimate(product, Math.log, problem);
  const shift = preconditioning.logDeterminant;
  return { ...rest, value: rest.value + shift, lower: rest.lower + shift, upper: rest.upper + shift };
}

interface Problem extends StochasticLanczosOptions {
  readonly n: number;
  readonly roundoff: number;
}

async function estimate(
  product: BlockProduct,
  f: (eigenvalue: number) => number,
  { rng, probes = 16, maxSteps = 100, confidence = 0.95, n, roundoff }: Problem,
): Promise<StochasticLanczosEstimate> {
  checkCount(probes, 'stochasticLanczosTrace', 'probes', 2);
  checkCount(maxSteps, 'stochasticLanczosTrace', 'maxSteps');
  checkConfidence(confidence, 'stochasticLanczosTrace');
  const starts = sphericalVectors(probes, n, rng.fork('probes'));
  const process = new LanczosProcess(product, starts, { maxSteps, roundoff });
  let truncation = Infinity;
  let result = { mean: NaN, standardError: NaN };
  while (!process.done && !(truncation <= SETTLED * result.standardError)) {
    for (let i = 0; i < STRIDE && !process.done; i++) await process.step();
    const next = sampleMean(process.reduced().map(({ tridiagonal }) => n * quadrature(tridiagonal, f)));
    truncation = Number.isNaN(result.mean) ? Infinity : Math.abs(next.mean - result.mean);
    result = next;
  }
  if (process.exhausted) truncation = 0;
  const { mean: value, standardError } = result;
  const halfWidth = reach(confidence, probes) * standardError + truncation;
  return {
    value,
    standardError,
    lower: value - halfWidth,
    upper: value + halfWidth,
    confidence,
    truncation,
    steps: process.steps,
    products: process.products,
  };
}

function quadrature(t: Tridiagonal, f: (eigenvalue: number) => number): number {
  const { nodes, weights } = tridiagonalQuadrature(t);
  let sum = 0;
  nodes.forEach((node, j) => {
    const value = f(node);
    if (!Number.isFinite(value)) {
      throw new NumericalError(
        `stochasticLanczosTrace: got ${value} for the function at ${node}, an estimate of an eigenvalue, expected a finite number; ` +
          'the operator is not positive definite to the rounding of its products, or the function has no value there',
        'breakdown',
      );
    }
    sum += weights[j]! * value;
  });
  return sum;
}
