import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import { type Column, claim } from '../cg/column.ts';
import type { CgBlock } from '../cg/conjugate-gradients.ts';
import { NOT_FINITE } from '../cg/judge.ts';
import { norm } from '../dense/orthonormal-rows.ts';
import { multiply } from '../multiply.ts';
import { Bidiagonalization } from './bidiagonalization.ts';
import { LsmrRecurrence } from './lsmr-recurrence.ts';

/** A damped least-squares problem with a block of right-hand sides, scaled and classified. */
export interface LeastSquaresProblem {
  readonly J: LinearOperator;
  readonly transpose: LinearOperator;
  readonly damping: number;
  readonly block: CgBlock;
}

/** What bounds an iteration. */
export interface LeastSquaresRules {
  readonly rtol: number;
  readonly maxSteps: number;
  readonly reorthogonalize: boolean;
}

/** One right-hand side and what its true residuals have said. */
interface Candidate {
  readonly recurrence: LsmrRecurrence;
  /** What the recurrence must reach to claim: less than rtol once a claim was refuted. */
  target: number;
}

/**
 * LSMR on a block: the iteration, and the true residuals that confirm or refute what each right-hand side claims.
 *
 * A refuted claim does not start again, which damping would not allow without its own term in the right-hand side: the iteration goes on to a
 * smaller target, and stops where that no longer helps.
 */
export class LeastSquares {
  readonly #problem: LeastSquaresProblem;
  readonly #x: Matrix;
  readonly #optimality: Float64Array;
  #products = 0;

  constructor(problem: LeastSquaresProblem) {
    const { J, block } = problem;
    this.#problem = problem;
    this.#x = matrix(block.b.rows, J.shape[1]);
    this.#optimality = Float64Array.from(block.columns, ({ residual }) => (Number.isNaN(residual) ? NaN : 0));
  }

  /** Iterates until every right-hand side is settled. */
  async solve(rules: LeastSquaresRules): Promise<{ readonly steps: number; readonly products: number }> {
    for (const column of this.#problem.block.columns) if (Number.isNaN(column.residual)) this.#set(column, undefined);
    let active = await this.#begin(rules);
    let steps = 0;
    while (active.length > 0) {
      const isLast = steps === rules.maxSteps;
      const running = active.filter(({ recurrence }) => recurrence.column.phase === 'running');
      if (isLast || 2 * running.length <= active.length) {
        active = await this.#settle(active, rules, isLast);
        continue;
      }
      await this.#step(running);
      steps++;
      for (const candidate of running) this.#look(candidate, rules.rtol);
    }
    return { steps, products: this.#products };
  }

  /** The solutions, unscaled, [k, columns]. */
  value(): Matrix {
    const { columns } = this.#problem.block;
    const n = this.#x.columns;
    return matrix(
      this.#x.rows,
      n,
      this.#x.data.map((entry, i) => entry * columns[Math.floor(i / n)]!.scale),
    );
  }

  /** The relative gradients at the solutions, [k]. */
  optimality(): number[] {
    return [...this.#optimality];
  }

  async #begin({ rtol, maxSteps, reorthogonalize }: LeastSquaresRules): Promise<Candidate[]> {
    const { J, block, damping } = this.#problem;
    const [rows, columns] = J.shape;
    const open = block.columns.filter(({ phase }) => phase === 'running');
    if (open.length === 0) return [];
    const processes = open.map(({ index }) => {
      const b = block.b.data.subarray(index * rows, (index + 1) * rows);
      return new Bidiagonalization(b, columns, reorthogonalize ? Math.min(maxSteps + 1, columns) : 0);
    });
    await this.#exchange(this.#problem.transpose, processes, 'columns');
    const candidates = open.map((column, i) => {
      return { recurrence: new LsmrRecurrence(column, processes[i]!, damping), target: rtol };
    });
    for (const candidate of candidates) this.#look(candidate, rtol);
    return candidates;
  }

  async #step(candidates: readonly Candidate[]): Promise<void> {
    const { J, transpose } = this.#problem;
    const processes = candidates.map(({ recurrence }) => recurrence.process);
    await this.#exchange(J, processes, 'rows');
    await this.#exchange(transpose, processes, 'columns');
    for (const { recurrence } of candidates) recurrence.advance();
  }

  // Multiplies the vectors of all processes at once, and hands each its product.
  async #exchange(
    operator: LinearOperator,
    processes: readonly Bidiagonalization[],
    gives: 'rows' | 'columns',
  ): Promise<void> {
    const n = operator.shape[1];
    const block = matrix(processes.length, n);
    processes.forEach(({ u, v }, i) => block.data.set(gives === 'rows' ? v : u, i * n));
    const products = await this.#multiply(operator, block);
    processes.forEach((process, i) => {
      const product = products.data.subarray(i * products.columns, (i + 1) * products.columns);
      if (gives === 'rows') process.takeRows(product);
      else process.takeColumns(product);
    });
  }

  // Lets a column claim what its recurrence says.
  #look({ recurrence, target }: Candidate, rtol: number): void {
    const { column, process } = recurrence;
    const { residual, gradient, norm: size } = recurrence.estimates;
    if (!Number.isFinite(process.alpha) || !Number.isFinite(process.beta)) {
      claim(column, 'non-finite-input', NOT_FINITE);
    } else if (gradient <= target * size * residual || residual <= (target / rtol) * column.tolerance) {
      claim(column, 'converged');
    } else if (process.alpha === 0) {
      claim(column, 'converged');
    }
  }

  // Recomputes residuals and gradients of those that claim an end, or of all at the last step; the others go on.
  async #settle(active: readonly Candidate[], rules: LeastSquaresRules, isLast: boolean): Promise<Candidate[]> {
    const asked = active.filter(({ recurrence }) => isLast || recurrence.column.phase === 'claims');
    const finite = asked.filter(({ recurrence }) => recurrence.column.status !== 'non-finite-input');
    for (const { recurrence } of asked)
      if (!finite.some((one) => one.recurrence === recurrence)) this.#give(recurrence);
    if (finite.length > 0) {
      const truths = await this.#truths(finite);
      finite.forEach((candidate, i) => this.#judge(candidate, truths[i]!, rules, isLast));
    }
    return active.filter(({ recurrence }) => recurrence.column.phase === 'running');
  }

  async #truths(candidates: readonly Candidate[]): Promise<{ residual: number; damped: number; gradient: number }[]> {
    const { J, transpose, damping, block } = this.#problem;
    const [rows, columns] = J.shape;
    const x = matrix(candidates.length, columns);
    candidates.forEach(({ recurrence }, i) => x.data.set(this.#rounded(recurrence.x), i * columns));
    const r = await this.#multiply(J, x); // [k, rows]
    candidates.forEach(({ recurrence }, i) => {
      const { index } = recurrence.column;
      for (let j = 0; j < rows; j++) r.data[i * rows + j] = block.b.data[index * rows + j]! - r.data[i * rows + j]!;
    });
    const g = await this.#multiply(transpose, r); // [k, columns]
    for (let i = 0; i < g.data.length; i++) g.data[i]! -= damping ** 2 * x.data[i]!;
    return candidates.map((_, i) => {
      const residual = norm(r.data.subarray(i * rows, (i + 1) * rows));
      const size = norm(x.data.subarray(i * columns, (i + 1) * columns));
      const gradient = norm(g.data.subarray(i * columns, (i + 1) * columns));
      return { residual, damped: Math.hypot(residual, damping * size), gradient };
    });
  }

  #judge(
    candidate: Candidate,
    truth: { readonly residual: number; readonly damped: number; readonly gradient: number },
    { rtol }: LeastSquaresRules,
    isLast: boolean,
  ): void {
    const { recurrence } = candidate;
    const { column } = recurrence;
    const optimality = truth.gradient === 0 ? 0 : truth.gradient / (recurrence.estimates.norm * truth.damped);
    const end = (status: Column['status'], message?: string): void => {
      claim(column, status, message);
      this.#give(recurrence, truth.residual, optimality);
    };
    if (!Number.isFinite(truth.gradient)) end('non-finite-input', NOT_FINITE);
    else if (optimality <= rtol || truth.damped <= column.tolerance) end('converged');
    else if (isLast) end('max-steps', OUT_OF_STEPS);
    else if (recurrence.process.alpha === 0 || !(optimality <= column.confirmed / 2)) end('breakdown', STALLED);
    else {
      column.confirmed = optimality;
      column.phase = 'running';
      candidate.target /= 10;
    }
  }

  // Settles a column with its solution.
  #give(recurrence: LsmrRecurrence, residual: number = NaN, optimality: number = NaN): void {
    const { column } = recurrence;
    column.phase = 'settled';
    column.residual = residual;
    this.#optimality[column.index] = optimality;
    this.#set(column, column.status === 'non-finite-input' ? undefined : recurrence.x);
  }

  #set({ index }: Column, x: Float64Array | undefined): void {
    const n = this.#x.columns;
    if (x === undefined) this.#x.data.fill(NaN, index * n, (index + 1) * n);
    else this.#x.data.set(x, index * n);
  }

  // As x will be returned: residuals are those of the caller's x.
  #rounded(x: Float64Array): Float64Array {
    return this.#problem.J.dtype === 'float64' ? x : Float64Array.from(x, Math.fround);
  }

  #multiply(operator: LinearOperator, x: Matrix): Promise<Matrix> {
    this.#products++;
    return multiply(operator, x);
  }
}

const STALLED =
  'the gradient no longer falls: the rounding of the products allows no less; loosen rtol, or multiply in float64';
const OUT_OF_STEPS = 'the steps are used up; raise maxSteps, set reorthogonalize, or raise the damping';
