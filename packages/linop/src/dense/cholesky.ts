import { type Backend, OptionError } from '@ntk/tensor';
import { NumericalError } from '../errors.ts';
import { blockOf } from './block.ts';
import { factorLowerOn } from './factor-lower-on.ts';
import { requireFloat64 } from './float64-backend.ts';
import { NO_PIVOT, factorLower } from './factor-lower.ts';
import { type Matrix, matrix, squareSize } from './matrix.ts';

/** How much may be added to the diagonal of a matrix that is not positive definite to rounding. */
export interface JitterPolicy {
  /** First jitter tried after 0, as a multiple of the mean absolute diagonal. */
  readonly start: number;
  /** Factor from one trial to the next; larger than 1. */
  readonly growth: number;
  /** Largest jitter tried, as a multiple of the mean absolute diagonal; 0 allows none. */
  readonly limit: number;
}

/** Settings of the Cholesky factorisation. */
export interface CholeskyOptions {
  /** Overwrite the matrix with its factor instead of copying it; after a failure it holds the original again. */
  readonly inPlace?: boolean;
  /** Jitter after the trial without any; by default 1e-12, 1e-11, … 1e-6 times the mean absolute diagonal. */
  readonly jitter?: Partial<JitterPolicy>;
}

/** A factorisation A + jitter · I = L Lᵀ. */
export interface Cholesky {
  readonly status: 'converged';
  /** L, lower triangular with zeros above the diagonal, [n, n]. */
  readonly factor: Matrix;
  /** What was added to the diagonal, in the units of the matrix; 0 unless it was necessary. */
  readonly jitter: number;
}

/** Why a matrix could not be factorised. */
export interface CholeskyFailure {
  readonly status: 'breakdown' | 'non-finite-input';
  /** Row of the pivot that was not positive with the largest jitter, or of the entry that is not finite. */
  readonly pivot: number;
  /** The largest jitter tried, in the units of the matrix. */
  readonly jitter: number;
  /** What was found, expected, and what to do. */
  readonly message: string;
}

const DEFAULT_JITTER: JitterPolicy = { start: 1e-12, growth: 10, limit: 1e-6 };

/**
 * Factorises a symmetric positive definite matrix: A + jitter · I = L Lᵀ, in float64.
 *
 * No jitter is tried first, then growing ones up to a stated limit; the one used is reported. A pivot counts as not positive when it
 * is below one rounding error of its diagonal entry: it then holds no correct digit. Symmetry is taken for granted, not checked.
 *
 * @param a - symmetric, [n, n], only its lower triangle is read; overwritten only if `inPlace`, and then the upper one keeps the original
 * @returns the factor and the jitter; `factor` shares the data of `a` if `inPlace`
 * @throws {ShapeError} if a is not square
 * @throws {OptionError} if the jitter policy makes no sense
 * @throws {NumericalError} if a is not positive definite with the largest jitter, or has an entry that is not finite
 *
 * Cost: n³/6 multiply-adds for each trial; n² entries of memory unless in place.
 */
export function cholesky(a: Matrix, options: CholeskyOptions = {}): Cholesky {
  const result = tryCholesky(a, options);
  if (result.status !== 'converged') throw new NumericalError(result.message, result.status);
  return result;
}

/** As `cholesky`, but a numerical failure is returned as data instead of thrown. */
export function tryCholesky(a: Matrix, options: CholeskyOptions = {}): Cholesky | CholeskyFailure {
  const trials = factorisations(a, options);
  let trial = trials.next();
  while (trial.done !== true) trial = trials.next(factorLower(blockOf(trial.value.a), trial.value.floors, 0));
  return trial.value;
}

/**
 * As `tryCholesky`, with the products on a backend: at n = 2,000 eight times faster on one that computes natively.
 *
 * @param backend - must support float64
 * @param a - must not be read or written before the promise settles, if `inPlace`
 * @throws {UnsupportedError} if the backend has no float64
 *
 * Cost: n³/6 multiply-adds on the backend and some 5,000·n on the host for each trial; up to 0.4 n² entries of memory beside those of the factor.
 */
export async function tryCholeskyOn(
  backend: Backend,
  a: Matrix,
  options: CholeskyOptions = {},
): Promise<Cholesky | CholeskyFailure> {
  requireFloat64(backend, 'tryCholeskyOn');
  const trials = factorisations(a, options);
  let trial = trials.next();
  while (trial.done !== true) trial = trials.next(await factorLowerOn(backend, trial.value.a, trial.value.floors));
  return trial.value;
}

/** A matrix to be overwritten with its factor, and the smallest acceptable pivot of each row. */
interface Trial {
  readonly a: Matrix;
  readonly floors: Float64Array;
}

/** Gives one trial after the other, takes the index of the pivot that failed, and returns the outcome. */
function* factorisations(a: Matrix, options: CholeskyOptions): Generator<Trial, Cholesky | CholeskyFailure, number> {
  const n = squareSize(a, 'cholesky');
  const policy = checkedJitterPolicy(options.jitter);
  const bad = firstNonFinite(a);
  if (bad >= 0) return nonFinite(a, bad);
  const isInPlace = options.inPlace === true;
  const work = isInPlace ? a : matrix(n, n);
  if (!isInPlace) copyLower(a, work);
  const diagonal = Float64Array.from({ length: n }, (_, i) => a.data[i * n + i]!);
  const scale = meanAbsolute(diagonal);
  const jitters = jittersOf(policy, scale);
  let pivot = 0;
  for (const jitter of jitters) {
    pivot = yield { a: work, floors: addJitter(work, diagonal, jitter) };
    if (pivot === NO_PIVOT) {
      if (isInPlace) clearUpper(work);
      return { status: 'converged', factor: work, jitter };
    }
    if (isInPlace) restoreLower(work, diagonal);
    else copyLower(a, work);
  }
  return breakdown(n, pivot, jitters[jitters.length - 1]!, scale);
}

// A loop: the array's own search takes as long as a tenth of the factorisation.
function firstNonFinite({ rows: n, data }: Matrix): number {
  for (let i = 0; i < n; i++) {
    for (let at = i * n; at <= i * (n + 1); at++) if (!Number.isFinite(data[at]!)) return at;
  }
  return -1;
}

function copyLower(from: Matrix, to: Matrix): void {
  const n = from.rows;
  for (let i = 0; i < n; i++) to.data.set(from.data.subarray(i * n, i * (n + 1) + 1), i * n);
}

/** Completes a jitter policy by the defaults. @throws {OptionError} if it makes no sense */
export function checkedJitterPolicy(jitter: Partial<JitterPolicy> = {}): JitterPolicy {
  const policy = { ...DEFAULT_JITTER, ...jitter };
  const { start, growth, limit } = policy;
  if (!(start > 0 && growth > 1 && limit >= 0 && Number.isFinite(limit))) {
    throw new OptionError(
      `cholesky: got jitter { start: ${start}, growth: ${growth}, limit: ${limit} }, ` +
        'expected start > 0, growth > 1 and a finite limit ≥ 0; limit: 0 allows no jitter',
    );
  }
  return policy;
}

function jittersOf({ start, growth, limit }: JitterPolicy, scale: number): number[] {
  const jitters = [0];
  // The slack lets the limit itself be reached although the powers are rounded.
  for (let factor = start; scale > 0 && factor <= limit * (1 + 1e-9); factor *= growth) jitters.push(factor * scale);
  return jitters;
}

function addJitter(a: Matrix, diagonal: Float64Array, jitter: number): Float64Array {
  return diagonal.map((entry, i) => {
    a.data[i * a.rows + i] = entry + jitter;
    return Number.EPSILON * Math.abs(entry + jitter);
  });
}

// A failed trial leaves the upper triangle alone: it still holds the original.
function restoreLower(a: Matrix, diagonal: Float64Array): void {
  const { rows: n, data } = a;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) data[i * n + j] = data[j * n + i]!;
    data[i * n + i] = diagonal[i]!;
  }
}

function clearUpper(a: Matrix): void {
  for (let i = 0; i < a.rows; i++) a.data.fill(0, i * a.rows + i + 1, (i + 1) * a.rows);
}

function meanAbsolute(values: Float64Array): number {
  return values.reduce((sum, value) => sum + Math.abs(value) / values.length, 0);
}

function nonFinite(a: Matrix, index: number): CholeskyFailure {
  const row = Math.floor(index / a.columns);
  const message =
    `cholesky: got ${a.data[index]} in row ${row}, column ${index % a.columns}, expected finite entries; ` +
    'look for overflow or missing values in what the matrix was computed from';
  return { status: 'non-finite-input', pivot: row, jitter: 0, message };
}

function breakdown(n: number, pivot: number, jitter: number, scale: number): CholeskyFailure {
  const tried =
    jitter > 0
      ? `with a jitter of ${jitter.toExponential(2)} on a mean diagonal of ${scale.toExponential(2)}`
      : 'without jitter';
  const message =
    `cholesky: got a matrix of size ${n} that is not positive definite ${tried} (pivot ${pivot} failed), expected a positive definite one; ` +
    'raise the noise variance, remove repeated rows, or raise jitter.limit';
  return { status: 'breakdown', pivot, jitter, message };
}
