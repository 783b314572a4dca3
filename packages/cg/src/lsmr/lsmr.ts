import { type LinearOperator, type LinearSolver, type SolverState, checkVectors } from '@ntk/linop';
import { OptionError, type Tensor, asDType, unitRoundoff } from '@ntk/tensor';
import { type CgSolution, type CgStats, checkOptions, defaultSteps } from '../cg/cg.ts';
import { worstColumn } from '../cg/column.ts';
import { readBlock, scaledBlock } from '../cg/scaled-block.ts';
import { LeastSquares } from './least-squares.ts';

/** Settings of LSMR. */
export interface LsmrOptions {
  /** λ in min ‖b − J x‖² + λ²‖x‖²; absolute, 0 by default. */
  readonly damping?: number;
  /**
   * Converged is a relative gradient ‖Jᵀr − λ²x‖ ≤ rtol · ‖(J, λI)‖ ‖r̄‖, with r = b − J x and r̄ = (r, −λx), or a residual ‖r̄‖ ≤ rtol · ‖b‖.
   * With damping, x is then off by at most rtol · ‖(J, λI)‖ ‖r̄‖ / λ²: for a solution to some tolerance, divide that by the condition ‖(J, λI)‖ / λ.
   * By default the unit roundoff of b to the power 2/3: 2.3e-11 in float64, 1.5e-5 in float32.
   */
  readonly rtol?: number;
  /** Most steps; 10 times the smaller size of J by default, at least 100 and at most 10,000. */
  readonly maxSteps?: number;
  /**
   * Keeps each new right vector orthogonal to all before it: far fewer steps for ill-conditioned J, at the cost of one vector of memory and
   * 4 · columns operations for each step before. false by default.
   */
  readonly reorthogonalize?: boolean;
}

/** J and its transpose. */
export interface LsmrState extends SolverState {
  readonly operator: LinearOperator;
  readonly transpose: LinearOperator;
}

/** What a least-squares solve took and reached. `residual` is ‖b − J x‖ / ‖b‖, which is not small where b is not in the range of J. */
export interface LsmrStats extends CgStats {
  /** ‖Jᵀr − λ²x‖ / (‖(J, λI)‖ ‖r̄‖) for each right-hand side, recomputed from the returned x; 0 where r̄ is. [k] */
  readonly optimality: readonly number[];
}

/** The result of LSMR. Its status is the worst of its columns. */
export interface LsmrSolution extends CgSolution {
  readonly stats: LsmrStats;
}

/** LSMR as a LinearSolver for operators of any shape. */
export interface LsmrSolver extends LinearSolver<LsmrState> {
  compute(state: LsmrState, b: Tensor): Promise<LsmrSolution>;
}

/**
 * Minimises ‖b − J x‖² + λ²‖x‖² by LSMR: like conjugate gradients on the normal equations, but without ever squaring the condition of J.
 *
 * J may have any shape and needs no tag. Right-hand sides come in blocks and stop by themselves; products are in the dtype of J, and all
 * else is float64 on the host. `converged` means that the gradient or the residual, recomputed from x by products, is within `rtol`.
 *
 * @throws {OptionError} if an option makes no sense
 *
 * Cost: one product with J and one with its transpose a step, two more of each for true residuals; (rows + 4 · columns) · k numbers of memory.
 * Source: Fong & Saunders (2011).
 */
export function lsmr(options: LsmrOptions = {}): LsmrSolver {
  checkOptions(options, 'lsmr');
  const { damping = 0 } = options;
  if (!(damping >= 0 && damping < Infinity)) {
    throw new OptionError(`lsmr: got damping ${damping}, expected a finite number ≥ 0, in the units of J`);
  }
  return {
    init: async (J) => {
      const transpose = J.transpose();
      const dispose = (): void => transpose.dispose();
      return { operator: J, transpose, dispose, [Symbol.dispose]: dispose };
    },
    compute: (state, b) => compute(state, b, options),
  };
}

async function compute(state: LsmrState, b: Tensor, options: LsmrOptions): Promise<LsmrSolution> {
  const { operator: J, transpose } = state;
  checkVectors(J, b, J.shape[0], 'lsmr.compute');
  const rtol = options.rtol ?? unitRoundoff(b.dtype) ** (2 / 3);
  const { damping = 0, maxSteps = defaultSteps(Math.min(...J.shape)), reorthogonalize = false } = options;
  const block = scaledBlock(await readBlock(b), undefined, { rtol, atol: 0 });
  const problem = new LeastSquares({ J, transpose, damping, block });
  const { steps, products } = await problem.solve({ rtol, maxSteps, reorthogonalize });
  const worst = worstColumn(block.columns);
  const value = problem.value();
  return {
    value: J.backend.upload(asDType(value.data, b.dtype), [value.rows, value.columns]),
    status: worst?.status ?? 'converged',
    stats: {
      steps,
      products,
      residual: block.columns.map(({ residual, norm }) => (residual === 0 ? 0 : residual / norm)),
      optimality: problem.optimality(),
      columns: block.columns.map(({ status, steps: own }) => ({ status, steps: own })),
    },
    ...(worst?.message === undefined ? {} : { message: `right-hand side ${worst.index}: ${worst.message}` }),
  };
}
