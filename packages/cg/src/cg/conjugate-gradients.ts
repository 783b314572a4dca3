import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import { unitRoundoff } from '@ntk/tensor';
import { rowDots, selectRows } from '../vectors/host-space.ts';
import type { VectorSpace } from '../vectors/vector-space.ts';
import { AccumulatedSolution } from './accumulated-solution.ts';
import { type Column, claim } from './column.ts';
import { NOT_FINITE, judge } from './judge.ts';
import { ResidualHistory } from './residual-history.ts';

/** The operators of one solve. */
export interface CgOperators {
  /** The system, and the judge of its solution. */
  readonly A: LinearOperator;
  /** A, or something equal to it up to rounding that is cheaper to multiply by. */
  readonly products: LinearOperator;
  /** M⁻¹; none stands for the identity. */
  readonly inverse: LinearOperator | undefined;
}

/** The iterate after a step, for those who watch. */
export interface CgProgress {
  /** Steps so far. */
  readonly step: number;
  /** Relative residual of each right-hand side, by the recurrence where it has not been recomputed; NaN where there is none. [k] */
  readonly residual: Float64Array;
  /** A copy of x as it is now, [k, n]. */
  iterate(): Promise<Matrix>;
}

/** What bounds and watches an iteration. */
export interface CgRules {
  readonly maxSteps: number;
  readonly reorthogonalize: boolean;
  readonly onStep?: ((progress: CgProgress) => void | Promise<void>) | undefined;
}

/** A block of right-hand sides made ready: scaled, checked and classified. */
export interface CgBlock {
  /** Right-hand sides after scaling, [k, n]. */
  readonly b: Matrix;
  /** Where to start, after scaling, [k, n]; zero where absent. */
  readonly start: Matrix | undefined;
  /** One for each right-hand side; those that are settled already take no part. */
  readonly columns: readonly Column[];
}

/** How an iteration ended; the statuses are in the columns. */
export interface CgOutcome {
  /** x, unscaled, [k, n]. */
  readonly value: Matrix;
  readonly steps: number;
  /** Products with blocks, by either operator. */
  readonly products: number;
}

/**
 * Preconditioned conjugate gradients on a block of right-hand sides, each with step lengths of its own.
 *
 * Letters as in the source: r residual, z = M⁻¹r, p direction, q = A p, alpha step length, beta coefficient of the old direction.
 * Where a recurrence claims an end it waits; when half of the block waits, one product tells the true residuals of all. What they
 * confirm leaves the block; a refuted claim of convergence starts again from the true residual, unless a restart no longer helps.
 *
 * Source: Hestenes & Stiefel (1952), section 3, with the preconditioner of Golub & Van Loan (2013), algorithm 11.5.1. It differs in
 * that the residual is replaced at a refuted claim only: in between, the recurrence keeps the directions conjugate.
 */
export class ConjugateGradients<V> {
  readonly #space: VectorSpace<V>;
  readonly #operators: CgOperators;
  readonly #block: CgBlock;
  readonly #solution: AccumulatedSolution;
  readonly #history: ResidualHistory<V> | undefined;
  readonly #rules: CgRules;
  readonly #roundoff: number;
  /** The columns in the block, in the order of its rows. */
  #rows: Column[];
  /** x is what was found since the last start from a true residual. */
  #vectors: { x: V; r: V; p: V } | undefined;
  /** rᵀz of each row. */
  #rz: Float64Array = new Float64Array(0);
  /** Rows whose next direction starts anew. */
  #fresh: Set<Column>;
  #steps = 0;
  #products = 0;

  constructor(space: VectorSpace<V>, operators: CgOperators, block: CgBlock, rules: CgRules) {
    this.#space = space;
    this.#rules = rules;
    this.#history = rules.reorthogonalize ? new ResidualHistory(space) : undefined;
    this.#operators = operators;
    this.#block = block;
    this.#solution = new AccumulatedSolution(operators.A, block.b, block.start);
    this.#roundoff = Math.max(unitRoundoff(operators.products.dtype), unitRoundoff(space.placement.dtype));
    this.#rows = block.columns.filter(({ phase }) => phase === 'running');
    this.#fresh = new Set(this.#rows);
  }

  /** Iterates until every column is settled. Cost: one product a step, and a few for true residuals. */
  async run(): Promise<CgOutcome> {
    const { columns } = this.#block;
    for (const column of columns) if (Number.isNaN(column.residual)) this.#solution.clear(column);
    if (this.#rows.length > 0) await this.#begin();
    while (this.#rows.length > 0) {
      await this.#turn();
      await this.#advance();
      await this.#rules.onStep?.(this.#progress());
      const running = this.#rows.filter(({ phase }) => phase === 'running').length;
      const isLast = this.#steps === this.#rules.maxSteps;
      if (isLast || 2 * running <= this.#rows.length) await this.#settle(isLast);
    }
    return { value: this.#solution.value(columns), steps: this.#steps, products: this.#products };
  }

  async #begin(): Promise<void> {
    const space = this.#space;
    const { b, start } = this.#block;
    const r = await space.load(
      selectRows(
        b,
        this.#rows.map(({ index }) => index),
      ),
    );
    const x = await space.load(matrix(this.#rows.length, b.columns));
    this.#vectors = { x, r, p: await space.copy(r) };
    // All rows start anew, from the true residual; a good guess may have been all that was needed.
    if (start !== undefined) await this.#settle(false);
  }

  // New directions: p = z + beta p.
  async #turn(): Promise<void> {
    const { r, p } = this.#vectors!;
    const { inverse } = this.#operators;
    const z = inverse === undefined ? await this.#space.copy(r) : await this.#space.product(inverse, r);
    const [rz] = await this.#space.dots([r, z]);
    const beta = Float64Array.from(this.#rows, (column, i) => {
      if (column.phase !== 'running') return 0;
      if (!(rz![i]! > 0)) claim(column, 'breakdown', NOT_A_PRECONDITIONER);
      return this.#fresh.has(column) || column.phase !== 'running' ? 0 : rz![i]! / this.#rz[i]!;
    });
    await this.#history?.add(r, inverse === undefined ? undefined : z, rz!);
    this.#vectors!.p = await this.#space.addScaled(z, beta, p);
    this.#space.release(p);
    this.#rz = rz!;
    this.#fresh.clear();
  }

  // One step along the directions.
  async #advance(): Promise<void> {
    const space = this.#space;
    const { x, r, p } = this.#vectors!;
    this.#steps++;
    this.#products++;
    const q = await space.product(this.#operators.products, p);
    const [pq, pp, qq] = await space.dots([p, q], [p, p], [q, q]);
    const alpha = Float64Array.from(this.#rows, (column, i) =>
      column.phase === 'running'
        ? this.#stepLength(column, this.#rz[i]!, { pq: pq![i]!, pp: pp![i]!, qq: qq![i]! })
        : 0,
    );
    this.#vectors!.x = await space.addScaled(x, alpha, p);
    const next = await space.addScaled(r, negated(alpha), q);
    this.#vectors!.r = this.#history === undefined ? next : await this.#history.orthogonalize(next);
    space.release(q);
    const [rr] = await space.dots([this.#vectors!.r, this.#vectors!.r]);
    this.#rows.forEach((column, i) => {
      if (column.phase !== 'running') return;
      column.steps++;
      column.residual = Math.sqrt(rr![i]!);
      if (column.residual <= column.tolerance) claim(column, 'converged');
    });
  }

  // alpha = rᵀz / pᵀAp, or 0 and the end of the column where A shows not to be positive definite.
  #stepLength(column: Column, rz: number, { pq, pp, qq }: { pq: number; pp: number; qq: number }): number {
    if (!Number.isFinite(pq) || !Number.isFinite(qq)) {
      claim(column, 'non-finite-input', NOT_FINITE);
      return 0;
    }
    column.curvature = Math.max(column.curvature, Math.sqrt(qq / pp));
    // Below one rounding error of the largest curvature, pᵀAp holds no correct digit.
    const floor = this.#roundoff * column.curvature * pp;
    if (pq > floor) return rz / pq;
    claim(column, 'breakdown', pq < -CLEARLY_NEGATIVE * floor ? INDEFINITE : SINGULAR);
    return 0;
  }

  // Recomputes the true residuals, and acts on them.
  async #settle(isLast: boolean): Promise<void> {
    const sum = this.#solution.plus(this.#rows, await this.#space.read(this.#vectors!.x));
    this.#products++;
    const truth = await this.#solution.residuals(this.#rows, sum);
    const squares = rowDots(truth, truth);
    this.#rows.forEach((column, i) => {
      const verdict = judge(column, Math.sqrt(squares[i]!), isLast);
      if (verdict === 'restart') this.#fresh.add(column);
      if (verdict !== 'continue') this.#solution.set(column, sum, i);
      if (verdict === 'settled' && column.status === 'non-finite-input') this.#solution.clear(column);
    });
    await this.#startAnew(truth);
    await this.#dropSettled();
  }

  // In the fresh rows r becomes the true residual, and x zero: what it was is in the solution.
  async #startAnew(truth: Matrix): Promise<void> {
    if (this.#fresh.size === 0) return;
    const space = this.#space;
    this.#history?.forget([...this.#rows.keys()].filter((i) => this.#fresh.has(this.#rows[i]!)));
    const mask = Float64Array.from(this.#rows, (column) => (this.#fresh.has(column) ? 1 : 0));
    const residual = await space.load(truth);
    const { x, r } = this.#vectors!;
    const cleared = await space.addScaled(r, negated(mask), r);
    this.#vectors!.r = await space.addScaled(cleared, mask, residual);
    this.#vectors!.x = await space.addScaled(x, negated(mask), x);
    space.release(residual);
  }

  async #dropSettled(): Promise<void> {
    const kept = [...this.#rows.keys()].filter((i) => this.#rows[i]!.phase !== 'settled');
    if (kept.length === this.#rows.length) return;
    for (const name of ['x', 'r', 'p'] as const) {
      const block = this.#vectors![name];
      if (kept.length > 0) this.#vectors![name] = await this.#space.select(block, kept);
      this.#space.release(block);
    }
    if (kept.length > 0) await this.#history?.select(kept);
    this.#rz = Float64Array.from(kept, (i) => this.#rz[i]!);
    this.#rows = kept.map((i) => this.#rows[i]!);
  }

  #progress(): CgProgress {
    const { columns } = this.#block;
    return {
      step: this.#steps,
      residual: Float64Array.from(columns, ({ residual, norm }) => (residual === 0 ? 0 : residual / norm)),
      iterate: async () => {
        const now = this.#solution.copy();
        if (this.#rows.length > 0) {
          const sum = now.plus(this.#rows, await this.#space.read(this.#vectors!.x));
          this.#rows.forEach((column, i) => now.set(column, sum, i));
        }
        return now.value(columns);
      },
    };
  }
}

function negated(values: Float64Array): Float64Array {
  return values.map((value) => -value);
}

// The rounding errors of a product add up to several of one entry; it only decides what the message says.
const CLEARLY_NEGATIVE = 100;

const NOT_A_PRECONDITIONER =
  'the preconditioner is not positive definite or not finite (rᵀM⁻¹r ≤ 0); use another one, or none';
const INDEFINITE = 'the operator is not positive definite (pᵀAp < 0); raise the noise variance, or use another method';
const SINGULAR =
  'the operator is singular to the rounding of its products; raise the noise variance, or multiply in float64';
