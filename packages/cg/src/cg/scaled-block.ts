import { type Matrix, matrix } from '@ntk/linop';
import type { Tensor } from '@ntk/tensor';
import { largestInRow, powerOfTwo } from '../multiply.ts';
import { rowDots } from '../vectors/host-space.ts';
import { type Column, startColumn } from './column.ts';
import type { CgBlock } from './conjugate-gradients.ts';
import type { SetupFailure } from './setup.ts';

/** What decides when a column has converged, and a failure that all columns share. */
export interface BlockRules {
  readonly rtol: number;
  /** In the units of b. */
  readonly atol: number;
  readonly failure?: SetupFailure | undefined;
}

/** Reads a block of vectors to the host, in float64. */
export async function readBlock(x: Tensor): Promise<Matrix> {
  return matrix(x.shape[0]!, x.shape[1]!, Float64Array.from(await x.backend.read(x)));
}

/**
 * Scales each right-hand side, and the guess for it, by a power of two to entries of at most 2, which is exact, and settles those
 * that need no iteration: zero, not finite, or without hope because the set-up failed.
 *
 * @param b - [k, n]; overwritten
 * @param start - [k, n]; overwritten
 */
export function scaledBlock(b: Matrix, start: Matrix | undefined, rules: BlockRules): CgBlock {
  const scales = Float64Array.from({ length: b.rows }, (_, i) => powerOfTwo(largestInRow(b, i)));
  for (const block of start === undefined ? [b] : [b, start]) {
    for (let i = 0; i < block.data.length; i++) block.data[i]! /= scales[Math.floor(i / block.columns)]!;
  }
  const squares = rowDots(b, b);
  const columns = Array.from(scales, (scale, index) => {
    const norm = Math.sqrt(squares[index]!);
    const tolerance = Math.max(rules.rtol * norm, rules.atol / scale);
    const column = startColumn(index, { scale, norm, tolerance });
    settleAtOnce(column, start, rules);
    return column;
  });
  return { b, start, columns };
}

function settleAtOnce(column: Column, start: Matrix | undefined, { failure }: BlockRules): void {
  const settle = (status: Column['status'], message: string | undefined, residual: number): void => {
    Object.assign(column, { phase: 'settled', status, message, residual });
  };
  if (failure !== undefined) settle(failure.status, failure.message, NaN);
  else if (!Number.isFinite(column.norm)) settle('non-finite-input', NOT_FINITE, NaN);
  else if (start !== undefined && !Number.isFinite(largestInRow(start, column.index))) {
    settle('non-finite-input', GUESS_NOT_FINITE, NaN);
  } else if (column.norm === 0) settle('converged', undefined, 0);
  else if (start === undefined && column.norm <= column.tolerance) settle('converged', undefined, column.norm);
}

const NOT_FINITE = 'it holds an entry that is not finite; look for missing values in the data';
const GUESS_NOT_FINITE = 'the guess to start from is not finite; start from zero';
