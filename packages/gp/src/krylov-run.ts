import { type KrylovReduction, type KrylovSpace, type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import { OptionError, type Rng } from '@ntk/tensor';
import type { Targets } from './posterior.ts';
import { asRow, rowOf, sliceRows, stackRows } from './rows.ts';
import { sumOfSquares } from './vector.ts';
import { whitenTargets } from './whitened-targets.ts';
import { projectBeyond, unitRows, whitenedKernel } from './whitened-kernel.ts';

/** A kernel that is known by its products, and targets. */
export interface KrylovProblem extends Targets {
  /** K(X, X) without prior variance, symmetric positive semidefinite and tagged `symmetric`, [N, N]. */
  readonly kTrainTrain: LinearOperator;
  /** D of Σ = σ² D: relative noise variances of the rows, positive, [N]; ones by default. */
  readonly noiseShape?: Float64Array;
}

/** Settings of krylovRun. */
export interface KrylovRunOptions {
  /** Draws the probes; forked, so that the caller's stream does not move. */
  readonly rng: Rng;
  /** Vectors of random signs, at least 2; 16 by default. */
  readonly probes?: number;
  /** Vectors that are reduced together; all by default. Bases of N numbers a step are held for that many, so that fewer take less memory. */
  readonly vectorsAtOnce?: number;
  /** Asked now and then, with what is known of the vectors that are reduced first, the residual among them; the reduction's own limit unless given. */
  readonly isEnough?: (run: KrylovRun) => boolean | Promise<boolean>;
  /** Keeps the bases, (probes + 1) · steps · N numbers, which leave-one-out needs; false by default. */
  readonly keepsBases?: boolean;
}

/** A Krylov space, whose basis is kept only where it was asked for. */
export type ReducedVector = Omit<KrylovSpace, 'basis'> & { readonly basis?: Matrix };

/** A vector of random signs and its space. */
export interface ReducedProbe {
  /** ω, [N]. */
  readonly signs: Float64Array;
  /** Of Πω. */
  readonly space: ReducedVector;
  /** ‖Πω‖². */
  readonly squaredLength: number;
}

/** Krylov spaces of the residual and of random vectors, in units of the noise: all that evidence and leave-one-out of every (s², σ²) come from. */
export interface KrylovRun {
  readonly yTrain: Float64Array;
  /** Diagonal of D^{-1/2}, [N]. */
  readonly whitening: Float64Array;
  /** log|D| + log|H̃ᵀH̃|. */
  readonly logShape: number;
  /** N − q. */
  readonly freedom: number;
  /** Of Πr̃; undefined where the targets equal their prior mean. */
  readonly residual: ReducedVector | undefined;
  /** ‖Πr̃‖². */
  readonly squaredResidual: number;
  readonly probes: readonly ReducedProbe[];
}

/**
 * Reduces a kernel on the Krylov spaces of the residual and of vectors of random signs, once for all prior and noise variances: shifts of a matrix have its
 * Krylov spaces.
 *
 * A constant mean is projected out of the kernel, so that it takes no vectors of its own.
 *
 * @param problem - borrowed, not kept, but for yTrain
 * @param reduction - such as lanczosReduction of @ntk/cg
 * @throws {ShapeError | OptionError} if sizes or options do not fit, or a relative noise variance is not positive
 * @throws {NumericalError} if a number is not finite
 *
 * Cost: products with probes + 1 vectors a step, and what the reduction adds. Source: Gardner, Pleiss, Bindel, Weinberger & Wilson (2018), GPyTorch,
 * with the spaces of Lanczos in the place of those of conjugate gradients.
 */
export async function krylovRun(
  problem: KrylovProblem,
  reduction: KrylovReduction,
  options: KrylovRunOptions,
): Promise<KrylovRun> {
  const { keepsBases = false, isEnough } = options;
  const { run, ...vectors } = vectorsOf(problem, options);
  const spaces: ReducedVector[] = [];
  for (const block of vectors.blocks) {
    // The longest of the first block: a space of few steps is invariant, and says nothing of the others.
    const steps = spaces.length === 0 ? undefined : Math.max(...spaces.map(sizeOf));
    const reduced = await reduction.reduce(vectors.kernel, block, (so) => {
      if (steps === undefined) return isEnough?.(run(so)) ?? false;
      return so.every((space) => space.beyond === 0 || sizeOf(space) >= steps);
    });
    for (const { basis, ...space } of reduced) spaces.push(keepsBases ? { ...space, basis } : space);
  }
  return run(spaces);
}

/** What is to be reduced. */
interface Vectors {
  readonly kernel: LinearOperator;
  /** The residual, unless it is 0, and projected probes, [k, N] each. */
  readonly blocks: readonly Matrix[];
  /** The run once there are spaces of the first vectors, in their order. */
  readonly run: (spaces: readonly ReducedVector[]) => KrylovRun;
}

function vectorsOf(problem: KrylovProblem, options: KrylovRunOptions): Vectors {
  const { kTrainTrain, yTrain, priorMean, noiseShape } = problem;
  const n = kTrainTrain.shape[0];
  const { probes = 16, vectorsAtOnce = probes + 1, rng } = options;
  checkCounts({ probes, vectorsAtOnce });
  const { whitening, vectors, logShape, freedom } = whitenTargets({ yTrain, priorMean, noiseShape }, n);
  const constants = sliceRows(vectors, 0, n - freedom);
  const unit = unitRows(constants);
  const residual = projectBeyond(asRow(rowOf(vectors, n - freedom).slice()), unit);
  const draws = rng.fork('probes').normals(probes * n);
  const signs = matrix(
    probes,
    n,
    draws.map((value) => (value < 0 ? -1 : 1)),
  );
  const projected = projectBeyond(matrix(probes, n, signs.data.slice()), unit);
  const squaredResidual = sumOfSquares(residual.data);
  const isFitted = squaredResidual > 0;
  const starts = isFitted ? stackRows(residual, projected) : projected;
  const common = { yTrain: yTrain.slice(), whitening, logShape: logShape + logSquaredLengths(constants), freedom };
  return {
    kernel: isPlain(noiseShape, constants) ? kTrainTrain : whitenedKernel(kTrainTrain, { whitening, basis: constants }),
    blocks: blocksOf(starts, vectorsAtOnce),
    run: (spaces) => ({
      ...common,
      residual: isFitted ? spaces[0] : undefined,
      squaredResidual,
      probes: spaces.slice(isFitted ? 1 : 0).map((space, j) => {
        return { signs: rowOf(signs, j), space, squaredLength: sumOfSquares(rowOf(projected, j)) };
      }),
    }),
  };
}

function sizeOf({ tridiagonal }: Pick<KrylovSpace, 'tridiagonal'>): number {
  return tridiagonal.diagonal.length;
}

function blocksOf(starts: Matrix, size: number): Matrix[] {
  const count = Math.ceil(starts.rows / size);
  return Array.from({ length: count }, (_, i) => sliceRows(starts, i * size, Math.min(starts.rows, (i + 1) * size)));
}

function isPlain(noiseShape: Float64Array | undefined, constants: Matrix): boolean {
  return noiseShape === undefined && constants.rows === 0;
}

// log|H̃ᵀH̃| of rows that are orthogonal to each other.
function logSquaredLengths(rows: Matrix): number {
  return Array.from({ length: rows.rows }, (_, a) => Math.log(sumOfSquares(rowOf(rows, a)))).reduce(
    (sum, value) => sum + value,
    0,
  );
}

function checkCounts({ probes, vectorsAtOnce }: Readonly<Record<'probes' | 'vectorsAtOnce', number>>): void {
  if (Number.isInteger(probes) && probes >= 2 && Number.isInteger(vectorsAtOnce) && vectorsAtOnce >= 3) return;
  throw new OptionError(
    `krylovRun: got ${probes} probes, ${vectorsAtOnce} vectors at once, expected integers of at least 2 and 3: errors are told from the differences between probes`,
  );
}
