import type { Matrix } from '@ntk/linop';
import { noisePrecisionRoot } from './precision-root.ts';
import { type PriorMean, centreTargets } from './prior-mean.ts';
import { asRow, stackRows } from './rows.ts';

/** Targets, their prior mean, and relative noise variances. */
export interface ShapedTargets {
  readonly yTrain: Float64Array;
  readonly priorMean: PriorMean | undefined;
  /** D of Σ = σ² D, [N]; ones where undefined. */
  readonly noiseShape: Float64Array | undefined;
}

/** Targets in units of their relative noise. */
export interface WhitenedTargets {
  /** Diagonal of D^{-1/2}, [N]. */
  readonly whitening: Float64Array;
  /** D^{-1/2} times the columns of H and, last, times the centred targets, [q + 1, N]. */
  readonly vectors: Matrix;
  /** log|D|. */
  readonly logShape: number;
  /** N − q. */
  readonly freedom: number;
}

/**
 * Centres targets and divides them by their relative noise.
 *
 * @throws {ShapeError} if lengths do not fit
 * @throws {OptionError} if a relative noise variance is not positive
 * @throws {NumericalError} if a number is not finite
 */
export function whitenTargets({ yTrain, priorMean, noiseShape }: ShapedTargets, rows: number): WhitenedTargets {
  const { centred, basis } = centreTargets(yTrain, rows, priorMean);
  flushRounding(centred, yTrain);
  const whitening =
    noiseShape === undefined ? new Float64Array(rows).fill(1) : noisePrecisionRoot(noiseShape, rows).blocks;
  const vectors = stackRows(basis, asRow(centred));
  for (let i = 0; i < vectors.data.length; i++) vectors.data[i]! *= whitening[i % rows]!;
  const logShape = whitening.reduce((sum, value) => sum - 2 * Math.log(value), 0);
  return { whitening, vectors, logShape, freedom: rows - basis.rows };
}

// Targets that equal their prior mean up to rounding carry no evidence about a scale; without this they would claim s² ≈ 1e-32.
function flushRounding(centred: Float64Array, yTrain: Float64Array): void {
  const largest = yTrain.reduce((max, y) => Math.max(max, Math.abs(y)), 0);
  if (centred.every((value) => Math.abs(value) <= 8 * Number.EPSILON * largest)) centred.fill(0);
}
