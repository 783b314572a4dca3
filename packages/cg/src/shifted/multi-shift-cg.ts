import {
  type LinearOperator,
  type Matrix,
  type ShiftedSolver,
  type SolverState,
  checkVectors,
  matrix,
  requireTag,
} from '@ntk/linop';
import { OptionError, ShapeError, type Tensor, unitRoundoff } from '@ntk/tensor';
import { type CgSolution, checkOptions, defaultSteps } from '../cg/cg.ts';
import { type BlockRules, readBlock, scaledBlock } from '../cg/scaled-block.ts';
import type { CgBlock } from '../cg/conjugate-gradients.ts';
import { multiply } from '../multiply.ts';
import { finishShift } from './finish-shift.ts';
import { ShiftedRecurrences } from './shifted-recurrences.ts';

/** Settings of multi-shift conjugate gradients. */
export interface MultiShiftCgOptions {
  /** ‖b − (A + shift I) x‖ ≤ rtol · ‖b‖ counts as converged; by default the cube root of the unit roundoff of b. */
  readonly rtol?: number;
  /** ‖b − (A + shift I) x‖ ≤ atol counts as converged too, in the units of b; 0 by default. */
  readonly atol?: number;
  /** Most products with directions for all shifts together, and again for each that has to be finished alone; as in `cg`. */
  readonly maxSteps?: number;
}

/** An operator, ready for all shifts. */
export interface MultiShiftState extends SolverState {
  readonly operator: LinearOperator;
}

/** Multi-shift conjugate gradients, with the statistics of conjugate gradients. */
export interface MultiShiftCgSolver extends ShiftedSolver<MultiShiftState> {
  compute(state: MultiShiftState, b: Tensor, shifts: readonly number[]): Promise<CgSolution[]>;
}

/**
 * Solves (A + shift · I) x = b for many shifts by conjugate gradients in the one Krylov space that they share: all noise variances for
 * little more than the smallest.
 *
 * Every solution is confirmed by its true residual. A shift for which that fails, because rounding or a system that is not positive
 * definite spoilt the shared recurrence, is finished by `cg` from where it is. The space allows no preconditioner.
 *
 * @throws {OptionError} if an option makes no sense
 *
 * Cost: the products of the smallest shift, one more a shift for true residuals, and 4·k·n operations a step and shift; 2·k·n numbers of
 * memory a shift. Source: Jegerlehner (1996); Frommer & Maass (1999).
 */
export function multiShiftCg(options: MultiShiftCgOptions = {}): MultiShiftCgSolver {
  checkOptions(options, 'multiShiftCg');
  return {
    init: async (A) => {
      requireTag(A, 'positive-definite', 'multiShiftCg');
      if (A.shape[0] !== A.shape[1]) {
        throw new ShapeError(`multiShiftCg: got an operator of ${A.shape.join(' × ')}, expected a square one`);
      }
      const dispose = (): void => undefined;
      return { operator: A, dispose, [Symbol.dispose]: dispose };
    },
    compute: (state, b, shifts) => compute(state.operator, b, shifts, options),
  };
}

async function compute(
  A: LinearOperator,
  b: Tensor,
  shifts: readonly number[],
  options: MultiShiftCgOptions,
): Promise<CgSolution[]> {
  checkVectors(A, b, A.shape[0], 'multiShiftCg.compute');
  const bad = shifts.find((shift) => !Number.isFinite(shift));
  if (bad !== undefined) {
    throw new OptionError(`multiShiftCg.compute: got the shift ${bad}, expected finite numbers in the units of A`);
  }
  if (shifts.length === 0) return [];
  const { rtol = Math.cbrt(unitRoundoff(b.dtype)), atol = 0, maxSteps = defaultSteps(A.shape[0]) } = options;
  const rules: BlockRules = { rtol, atol };
  const block = scaledBlock(await readBlock(b), undefined, rules);
  const base = Math.min(...shifts);
  const recurrences = block.columns.map((column) => {
    const n = block.b.columns;
    const right = block.b.data.subarray(column.index * n, (column.index + 1) * n);
    return new ShiftedRecurrences(
      column,
      right,
      shifts.map((shift) => shift - base),
    );
  });
  const steps = await iterate(A, base, recurrences, maxSteps);
  const solutions: CgSolution[] = [];
  try {
    for (const [index, shift] of shifts.entries()) {
      const x = solutionsOf(recurrences, index, block);
      solutions.push(await finishShift({ A, b, shift, x, block }, { ...rules, maxSteps, steps }));
    }
  } catch (error) {
    for (const { value } of solutions) value.dispose();
    throw error;
  }
  return solutions;
}

// Steps for all columns until each has converged for each shift, or failed.
async function iterate(
  A: LinearOperator,
  base: number,
  recurrences: readonly ShiftedRecurrences[],
  maxSteps: number,
): Promise<number> {
  const isOpen = (recurrence: ShiftedRecurrences): boolean => !failed.has(recurrence) && !recurrence.done;
  const failed = new Set(recurrences.filter(({ column }) => column.phase === 'settled'));
  let active = recurrences.filter(isOpen);
  let steps = 0;
  while (steps < maxSteps && active.some(isOpen)) {
    // A block of another size may have to be compiled anew: it shrinks by halves.
    if (2 * active.filter(isOpen).length <= active.length) active = active.filter(isOpen);
    const products = await multiply(A, directionsOf(active));
    steps++;
    active.forEach((recurrence, i) => {
      if (!isOpen(recurrence)) return;
      const n = products.columns;
      const q = products.data.subarray(i * n, (i + 1) * n);
      const { pq, floor } = curvature(recurrence.p, q, base, unitRoundoff(A.dtype));
      if (pq > floor && Number.isFinite(pq)) recurrence.advance(q, pq);
      else failed.add(recurrence);
    });
  }
  return steps;
}

// Adds base · p to q, and gives pᵀq with what of it is rounding.
function curvature(p: Float64Array, q: Float64Array, base: number, roundoff: number): { pq: number; floor: number } {
  let pq = 0;
  let pp = 0;
  let qq = 0;
  for (let i = 0; i < p.length; i++) {
    q[i]! += base * p[i]!;
    pq += p[i]! * q[i]!;
    pp += p[i]! ** 2;
    qq += q[i]! ** 2;
  }
  return { pq, floor: roundoff * Math.sqrt(pp * qq) };
}

function directionsOf(recurrences: readonly ShiftedRecurrences[]): Matrix {
  const n = recurrences[0]!.p.length;
  const block = matrix(recurrences.length, n);
  recurrences.forEach(({ p }, i) => block.data.set(p, i * n));
  return block;
}

// The solutions of one shift, unscaled, [k, n].
function solutionsOf(recurrences: readonly ShiftedRecurrences[], index: number, { b }: CgBlock): Matrix {
  const n = b.columns;
  const x = matrix(b.rows, n);
  recurrences.forEach(({ column, pairs }, row) => {
    const source = pairs[index]!.x;
    for (let j = 0; j < n; j++) x.data[row * n + j] = column.scale * source[j]!;
  });
  return x;
}
