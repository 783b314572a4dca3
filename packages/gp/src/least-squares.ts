import {
  type Matrix,
  cholesky,
  choleskyInverse,
  choleskyLogDeterminant,
  copyMatrix,
  matrix,
  solveLower,
  solveLowerTransposed,
} from '@ntk/linop';
import { ShapeError } from '@ntk/tensor';
import type { Conditioning } from './conditioning.ts';
import { timesRoot } from './precision-root.ts';
import type { CentredTargets } from './prior-mean.ts';
import { asRow, rowOf, sliceRows, sliceSquare, stackRows } from './rows.ts';
import { addScaled, sumOfSquares } from './vector.ts';

/**
 * Targets fitted by a conditioning and, where the mean is constant, by generalised least squares.
 *
 * P = A⁻¹ − A⁻¹H(HᵀA⁻¹H)⁻¹HᵀA⁻¹ takes the place of A⁻¹ once β has a flat prior; without a constant, P = A⁻¹. Everything here is whitened:
 * P = L P̃ Lᵀ with P̃ = B⁻¹ − ṼᵀṼ.
 */
export interface Fit {
  /** P̃ Lᵀ(y − m), [N]. */
  readonly value: Float64Array;
  /** What predicts the deviation from the mean at new points, [N] or [p]. */
  readonly coefficients: Float64Array;
  /** (y − m)ᵀ P (y − m). */
  readonly quadratic: number;
  /** β in the units of y, [q]; empty where the mean is fixed. */
  readonly beta: Float64Array;
  readonly trend: Trend;
  /** `unknowns` of H and then of y − m, [q + 1, N] or [q + 1, p]; absent where a factor solves. */
  readonly unknowns?: Matrix;
}

/** What the q unknown constants contribute; all empty where the mean is fixed. */
export interface Trend {
  /** Ṽ = G⁻¹ Hᵀ L B⁻¹, with HᵀA⁻¹H = G Gᵀ, [q, N]. */
  readonly projection: Matrix;
  /** Predictive coefficients of each column of H, [q, N] or [q, p]. */
  readonly coefficients: Matrix;
  /** G, lower triangular, [q, q]. */
  readonly factor: Matrix;
  /** log|HᵀA⁻¹H|. */
  readonly logDeterminant: number;
}

/**
 * Fits targets: α = P(y − m) and β = (HᵀA⁻¹H)⁻¹HᵀA⁻¹y.
 *
 * @param conditioning - borrowed
 * @param start - `unknowns` of an earlier fit, of fewer rows maybe, to start from; borrowed
 * @throws {ShapeError} if the start has not q + 1 rows
 * @throws {NumericalError} if the constants cannot be told apart
 *
 * Cost: one solve of q + 1 right-hand sides. Source: Rasmussen & Williams (2006), equations 2.41 to 2.45 with a vague prior on β.
 */
export async function fitTargets<Query>(
  conditioning: Conditioning<Query>,
  targets: CentredTargets,
  start?: Matrix,
): Promise<Fit> {
  const { centred, basis, offset } = targets;
  const whitened = timesRoot(stackRows(basis, asRow(centred)), conditioning.precisionRoot);
  if (start !== undefined) checkStart(start, whitened.rows);
  // Solutions are linear in what they solve for: y − m less the offset of each constant.
  const shifted = start === undefined ? undefined : shiftLast(start, offset);
  const { value, coefficients, gram, unknowns } = await conditioning.solve(whitened, shifted);
  const q = basis.rows;
  const { factor } = cholesky(sliceSquare(gram, q), { jitter: { limit: 0 } });
  const half = solveLower(factor, asRow(rowOf(gram, q).slice(0, q)));
  const shift = solveLowerTransposed(factor, half).data;
  return {
    value: withoutTrend(value, shift),
    coefficients: withoutTrend(coefficients, shift),
    quadratic: Math.max(0, rowOf(gram, q)[q]! - sumOfSquares(half.data)),
    beta: shift.map((slope, a) => slope + offset[a]!),
    trend: {
      projection: lowerSolveRows(factor, sliceRows(value, 0, q)),
      coefficients: sliceRows(coefficients, 0, q),
      factor,
      logDeterminant: choleskyLogDeterminant(factor),
    },
    ...(unknowns === undefined
      ? {}
      : {
          unknowns: shiftLast(
            unknowns,
            offset.map((value) => -value),
          ),
        }),
  };
}

function checkStart({ rows }: Matrix, expected: number): void {
  if (rows === expected) return;
  throw new ShapeError(
    `start: got ${rows} rows, expected ${expected}, the unknowns of a posterior with the same prior mean`,
  );
}

// The last row less `shift` times the rows before it; a copy.
function shiftLast(rows: Matrix, shift: Float64Array): Matrix {
  const shifted = copyMatrix(rows);
  rowOf(shifted, rows.rows - 1).set(withoutTrend(rows, shift));
  return shifted;
}

/** G⁻¹ X for the rows of X as a matrix [q, k]: the lower triangular solve along columns. */
export function lowerSolveRows(factor: Matrix, x: Matrix): Matrix {
  const solved = matrix(x.rows, x.columns);
  for (let i = 0; i < x.rows; i++) {
    const target = rowOf(solved, i);
    target.set(rowOf(x, i));
    for (let j = 0; j < i; j++) addScaled(target, -factor.data[i * x.rows + j]!, rowOf(solved, j));
    const pivot = factor.data[i * x.rows + i]!;
    for (let k = 0; k < target.length; k++) target[k]! /= pivot;
  }
  return solved;
}

/** Covariance of β, (HᵀA⁻¹H)⁻¹, [q, q]. */
export function trendCovariance({ factor }: Trend): Matrix {
  return choleskyInverse(factor);
}

/** One row (by default that after the trend's q rows) minus shift times the rows of the trend. */
export function withoutTrend(rows: Matrix, shift: Float64Array, row: number = shift.length): Float64Array {
  const result = rowOf(rows, row).slice();
  shift.forEach((factor, a) => addScaled(result, -factor, rowOf(rows, a)));
  return result;
}
