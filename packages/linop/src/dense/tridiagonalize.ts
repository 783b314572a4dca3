import { NumericalError } from '../errors.ts';
import { blockOf, subBlock, transposed } from './block.ts';
import { type Matrix, copyMatrix, matrix, squareSize } from './matrix.ts';
import { multiplyAdd } from './multiply.ts';
import { symmetricTimesVector } from './symmetric-times-vector.ts';
import type { Tridiagonal } from './tridiagonal.ts';

const PANEL = 32;

/**
 * A = Q T Qᵀ with T tridiagonal and Q = H_{n−1} … H₁ orthogonal, H_i = I − τ_i v_i v_iᵀ.
 *
 * Q is kept as its reflectors; `applyQ` multiplies by it.
 */
export interface Tridiagonalization {
  readonly tridiagonal: Tridiagonal;
  /** Row i holds v_i in its entries before the diagonal, the last of them 1; the other entries mean nothing. [n, n] */
  readonly reflectors: Matrix;
  /** τ_i, [n]; the first is 0. */
  readonly tau: Float64Array;
}

/** Options of tridiagonalize. */
export interface TridiagonalizeOptions {
  /** Overwrite the matrix with the reflectors instead of copying it. */
  readonly inPlace?: boolean;
}

/**
 * Reduces a symmetric matrix to tridiagonal form by Householder reflections: A = Q T Qᵀ.
 *
 * @param a - symmetric, [n, n], only its lower triangle is read; overwritten only if `inPlace`
 * @throws {ShapeError} if a is not square
 * @throws {NumericalError} if an entry of the lower triangle is not finite
 *
 * Cost: 2/3·n³ multiply-adds, half of them in products of blocks.
 * Source: Dongarra, Hammarling & Sorensen (1989), Block reduction of matrices to condensed forms, section 3.
 */
export function tridiagonalize(a: Matrix, options: TridiagonalizeOptions = {}): Tridiagonalization {
  const n = squareSize(a, 'tridiagonalize');
  checkFinite(a);
  const work = options.inPlace === true ? a : copyMatrix(a);
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(Math.max(0, n - 1));
  const tau = new Float64Array(n);
  const w = matrix(PANEL, n);
  for (let end = n; end > 0; end -= PANEL) {
    const start = Math.max(0, end - PANEL);
    reducePanel({ a: work, w, diagonal, offDiagonal, tau }, start, end);
    if (start === 0) break;
    const v = subBlock(blockOf(work), start, 0, end - start, start);
    const wRows = subBlock(blockOf(w), 0, 0, end - start, start);
    const leading = subBlock(blockOf(work), 0, 0, start, start);
    multiplyAdd(leading, transposed(v), wRows, -1, 'lower');
    multiplyAdd(leading, transposed(wRows), v, -1, 'lower');
  }
  return { tridiagonal: { diagonal, offDiagonal }, reflectors: work, tau };
}

interface Reduction {
  readonly a: Matrix;
  /** Row i − start belongs to reflector i of the panel that starts at row start. */
  readonly w: Matrix;
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
  readonly tau: Float64Array;
}

// Reduces rows end − 1 down to start. The rows above them keep their entries from before the panel: what the panel's reflections do
// to them, A − Σ (v wᵀ + w vᵀ), is applied to one row when its turn comes and to the rest after the panel.
function reducePanel(reduction: Reduction, start: number, end: number): void {
  const { a, w, diagonal, offDiagonal, tau } = reduction;
  const n = a.columns;
  for (let i = end - 1; i >= start; i--) {
    const row = i * n;
    for (let other = end - 1; other > i; other--) {
      const vRow = other * n;
      const wRow = (other - start) * n;
      subtractTwo(a.data, row, i + 1, a.data, vRow, w.data[wRow + i]!, w.data, wRow, a.data[vRow + i]!);
    }
    diagonal[i] = a.data[row + i]!;
    if (i === 0) break;
    const reflector = makeReflector(a.data, row, i);
    offDiagonal[i - 1] = reflector.beta;
    tau[i] = reflector.tau;
    updateVector(reduction, i, start, end);
  }
}

// w = τ (A v) − ½ τ (τ vᵀA v) v with A as it would be after the reflections of this panel so far.
function updateVector({ a, w, tau }: Reduction, i: number, start: number, end: number): void {
  const n = a.columns;
  const v = i * n;
  const own = (i - start) * n;
  symmetricTimesVector(a.data, n, i, a.data, v, w.data, own);
  for (let other = end - 1; other > i; other--) {
    const vRow = other * n;
    const wRow = (other - start) * n;
    const wDotV = dot(w.data, wRow, a.data, v, i);
    const vDotV = dot(a.data, vRow, a.data, v, i);
    subtractTwo(w.data, own, i, a.data, vRow, wDotV, w.data, wRow, vDotV);
  }
  const scale = tau[i]!;
  for (let j = 0; j < i; j++) w.data[own + j]! *= scale;
  const half = -0.5 * scale * dot(w.data, own, a.data, v, i);
  for (let j = 0; j < i; j++) w.data[own + j]! += half * a.data[v + j]!;
}

// Replaces the row's entries before the diagonal, x, by v with last entry 1 so that (I − τ v vᵀ) x = β e_last.
function makeReflector(data: Float64Array, row: number, length: number): { beta: number; tau: number } {
  const last = row + length - 1;
  const alpha = data[last]!;
  let largest = 0;
  for (let j = row; j < last; j++) largest = Math.max(largest, Math.abs(data[j]!));
  data[last] = 1;
  if (largest === 0) return { beta: alpha, tau: 0 };
  const scale = Math.max(largest, Math.abs(alpha));
  let squares = (alpha / scale) ** 2;
  for (let j = row; j < last; j++) squares += (data[j]! / scale) ** 2;
  const beta = alpha > 0 ? -scale * Math.sqrt(squares) : scale * Math.sqrt(squares);
  const divisor = alpha - beta;
  for (let j = row; j < last; j++) data[j]! /= divisor;
  return { beta, tau: -divisor / beta };
}

function checkFinite(a: Matrix): void {
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j <= i; j++) {
      const entry = a.data[i * a.columns + j]!;
      if (!Number.isFinite(entry)) {
        throw new NumericalError(
          `tridiagonalize: got ${entry} in row ${i}, column ${j}, expected finite entries; ` +
            'look for overflow or missing values in what the matrix was computed from',
          'non-finite-input',
        );
      }
    }
  }
}

// y −= p·alpha + q·beta
function subtractTwo(
  y: Float64Array,
  yStart: number,
  length: number,
  p: Float64Array,
  pStart: number,
  alpha: number,
  q: Float64Array,
  qStart: number,
  beta: number,
): void {
  for (let j = 0; j < length; j++) y[yStart + j]! -= p[pStart + j]! * alpha + q[qStart + j]! * beta;
}

function dot(x: Float64Array, xStart: number, y: Float64Array, yStart: number, length: number): number {
  let even = 0;
  let odd = 0;
  let j = 0;
  for (; j + 2 <= length; j += 2) {
    even += x[xStart + j]! * y[yStart + j]!;
    odd += x[xStart + j + 1]! * y[yStart + j + 1]!;
  }
  if (j < length) even += x[xStart + j]! * y[yStart + j]!;
  return even + odd;
}
