import { type LinearOperator, type Matrix, diagonalOperator, sumOperator } from '@ntk/linop';
import { type Tensor, asDType } from '@ntk/tensor';
import { type CgSolution, cg } from '../cg/cg.ts';
import type { CgBlock } from '../cg/conjugate-gradients.ts';

/** One shifted system and a guess of its solutions. */
export interface ShiftedGuess {
  readonly A: LinearOperator;
  readonly b: Tensor;
  readonly shift: number;
  /** The guess, [k, n]; may be overwritten. */
  readonly x: Matrix;
  readonly block: CgBlock;
}

/** Tolerances, and the steps that the guess took. */
export interface FinishRules {
  readonly rtol: number;
  readonly atol: number;
  readonly maxSteps: number;
  readonly steps: number;
}

/**
 * Confirms the guesses of one shift by their true residuals, and finishes those that are not good enough by conjugate gradients.
 *
 * Cost: one product where all guesses are good.
 */
export async function finishShift(guess: ShiftedGuess, rules: FinishRules): Promise<CgSolution> {
  const { A, b, shift, x, block } = guess;
  const { rtol, atol, maxSteps, steps } = rules;
  for (let i = 0; i < x.data.length; i++) if (!Number.isFinite(x.data[i]!)) x.data[i] = 0;
  const { backend, dtype } = A;
  using start = backend.upload(asDType(x.data, dtype), [x.rows, x.columns]);
  using identity = diagonalOperator(new Float64Array(A.shape[0]).fill(shift), { backend, dtype });
  using shifted = sumOperator([A, identity], { tags: ['positive-definite'] });
  const solver = cg({ rtol, atol, maxSteps });
  using state = await solver.init(shifted);
  const solution = await solver.compute(state, b, { start });
  const { stats } = solution;
  const columns = stats.columns.map(({ status, steps: own }, i) => ({ status, steps: block.columns[i]!.steps + own }));
  return { ...solution, stats: { ...stats, columns, steps: steps + stats.steps, products: steps + stats.products } };
}
