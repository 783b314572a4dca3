import type { ProgramBuilder, Value } from '@ntk/tensor';
import { type Block, lowerMatrix } from './block.ts';
import { invertLower } from './inverse.ts';
import type { Matrix } from './matrix.ts';

/** Condition number of a triangle beyond which the product with its inverse is refined: it has that many times the residual of substitution. */
const WELL_CONDITIONED = 100;

/** A small lower triangle with its inverse, so that solving with it is a product. */
export interface InvertedTriangle {
  readonly entries: Matrix;
  readonly inverse: Matrix;
  /** False where one step of refinement has to give the residual of substitution. */
  readonly isWellConditioned: boolean;
}

/** Inverts the lower triangle of a Block with unit column stride; what is above it is not used. Cost: n³/6 multiply-adds. */
export function invertTriangle(block: Block): InvertedTriangle {
  const entries = lowerMatrix(block);
  const inverse = invertLower(entries);
  return { entries, inverse, isWellConditioned: rowSumNorm(entries) * rowSumNorm(inverse) <= WELL_CONDITIONED };
}

/** An inverted triangle in a Program. */
export interface TriangleValues {
  readonly inverse: Value;
  /** Only where solutions are refined. */
  readonly entries: Value | undefined;
}

/**
 * Solves X Lᵀ = B, or X L = B, in a Program.
 *
 * @param right - B, [k, n]
 * @param times - multiplies by Lᵀ and its inverse, or by L and its inverse, which it gets untransposed
 *
 * Source: Du Croz & Higham (1992), Stability of methods for matrix inversion.
 */
export function solveInverted(
  p: ProgramBuilder,
  right: Value,
  { inverse, entries }: TriangleValues,
  times: (value: Value, factor: Value) => Value,
): Value {
  const x = times(right, inverse);
  return entries === undefined ? x : p.add(x, times(p.sub(right, times(x, entries)), inverse));
}

/** The largest sum of absolute values in a row. */
function rowSumNorm({ rows, columns, data }: Matrix): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += Math.abs(data[i * columns + j]!);
    largest = Math.max(largest, sum);
  }
  return largest;
}
