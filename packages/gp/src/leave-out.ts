import {
  type Matrix,
  cholesky,
  choleskyInverse,
  matrix,
  solveLower,
  solveLowerTransposed,
  transposeMatrix,
} from '@ntk/linop';
import { OptionError } from '@ntk/tensor';
import { checkOutputs } from './checks.ts';
import type { Conditioning } from './conditioning.ts';
import type { Fit } from './least-squares.ts';
import { timesRootTransposed } from './precision-root.ts';
import { asRow, rowOf } from './rows.ts';

/** Predictions of single training rows from all others. */
export interface LeftOutRows {
  /** [N], in the units of y. */
  readonly mean: Float64Array;
  /** Variance of y, noise included, [N]. */
  readonly variance: Float64Array;
}

/** Predictions of whole training examples from all others. */
export interface LeftOutExamples {
  /** [n, c], in the units of y. */
  readonly mean: Matrix;
  /** Covariance of the c outputs of y, noise included, [n, c, c] row-major. */
  readonly covariance: Float64Array;
}

/** Targets and how many rows make an example. */
export interface ExampleTargets {
  readonly yTrain: Float64Array;
  readonly outputs: number;
}

/**
 * Leaves out one row at a time: mean y_i − α_i/P_ii, variance 1/P_ii.
 *
 * Cost: the diagonal of B⁻¹. Source: Rasmussen & Williams (2006), equations 5.10 to 5.12; with a constant mean Dubrule (1983),
 * Cross validation of kriging in a unique neighborhood.
 */
export async function leaveRowsOut<Query>(
  conditioning: Conditioning<Query>,
  fit: Fit,
  yTrain: Float64Array,
): Promise<LeftOutRows> {
  const size = conditioning.precisionRoot.size;
  const blocks = await precisionBlocks(conditioning, fit, size);
  const alpha = alphaOf(conditioning, fit);
  const precision = yTrain.map((_, i) => blocks[i * size + (i % size)]!);
  return { mean: yTrain.map((y, i) => y - alpha[i]! / precision[i]!), variance: precision.map((value) => 1 / value) };
}

/**
 * Leaves out one example at a time: mean y_I − P_II⁻¹ α_I, covariance P_II⁻¹.
 *
 * @throws {ShapeError} if the rows are not whole examples
 * @throws {OptionError} if the precision couples blocks of another size
 *
 * Cost: the diagonal blocks of B⁻¹ and c³/6 an example. Source: as leaveRowsOut, for blocks.
 */
export async function leaveExamplesOut<Query>(
  conditioning: Conditioning<Query>,
  fit: Fit,
  { yTrain, outputs: c }: ExampleTargets,
): Promise<LeftOutExamples> {
  checkOutputs(c, conditioning.rows, 'leaveOneExampleOut');
  const { size } = conditioning.precisionRoot;
  if (c % size !== 0) {
    throw new OptionError(
      `leaveOneExampleOut: got ${c} outputs and a precision of blocks of ${size}, expected whole blocks`,
    );
  }
  const blocks = await precisionBlocks(conditioning, fit, c);
  const alpha = alphaOf(conditioning, fit);
  const n = conditioning.rows / c;
  const mean = matrix(n, c, yTrain.slice());
  const covariance = new Float64Array(n * c * c);
  for (let i = 0; i < n; i++) {
    const block = matrix(c, c, blocks.subarray(i * c * c, (i + 1) * c * c));
    const { factor } = cholesky(block, { inPlace: true, jitter: { limit: 0 } });
    const shift = solveLowerTransposed(factor, solveLower(factor, asRow(alpha.subarray(i * c, (i + 1) * c))));
    rowOf(mean, i).forEach((_, a, row) => (row[a]! -= shift.data[a]!));
    covariance.set(choleskyInverse(factor).data, i * c * c);
  }
  return { mean, covariance };
}

// α = L α̃
function alphaOf<Query>({ precisionRoot }: Conditioning<Query>, fit: Fit): Float64Array {
  return timesRootTransposed(asRow(fit.value), precisionRoot).data;
}

// Diagonal blocks of P = L (B⁻¹ − ṼᵀṼ) Lᵀ.
async function precisionBlocks<Query>(
  conditioning: Conditioning<Query>,
  fit: Fit,
  size: number,
): Promise<Float64Array> {
  const { projection } = fit.trend;
  const { rows, precisionRoot } = conditioning;
  if (projection.rows > 0 && rows === projection.rows) {
    throw new OptionError(
      'leave-one-out: got one example and a constant mean, expected at least two examples; nothing is left to predict from',
    );
  }
  const blocks = (await conditioning.inverseBlocks(size)).slice();
  for (let a = 0; a < projection.rows; a++) {
    const v = rowOf(projection, a);
    for (let i = 0; i < rows; i++) {
      const first = i - (i % size);
      for (let j = 0; j < size; j++) blocks[i * size + j]! -= v[i]! * v[first + j]!;
    }
  }
  return sandwich(blocks, size, precisionRoot);
}

// L X Lᵀ for each block X.
function sandwich(blocks: Float64Array, size: number, root: { size: number; blocks: Float64Array }): Float64Array {
  const result = new Float64Array(blocks.length);
  const width = size * size;
  for (let start = 0; start < blocks.length; start += width) {
    const firstRow = start / size;
    const local = {
      rows: size,
      size: root.size,
      blocks: root.blocks.subarray(firstRow * root.size, (firstRow + size) * root.size),
    };
    const right = timesRootTransposed(matrix(size, size, blocks.subarray(start, start + width)), local); // X Lᵀ
    const both = timesRootTransposed(transposeMatrix(right), local); // (L X Lᵀ)ᵀ, symmetric
    result.set(both.data, start);
  }
  return result;
}
