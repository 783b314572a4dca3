import { type Block, blockOf, subBlock } from './block.ts';
import { rotateRows } from './implicit-ql.ts';
import { type Matrix, matrix } from './matrix.ts';
import { multiplyAdd } from './multiply.ts';
import { secularRoot } from './secular.ts';

/** Eigenvalues in ascending order and, as rows, their unit eigenvectors. */
export interface Spectrum {
  readonly values: Float64Array;
  readonly vectors: Matrix;
}

// Which columns of an eigenvector can be nonzero: those of the upper half, of the lower half, or all.
type Support = 'upper' | 'both' | 'lower';

interface Pair {
  value: number;
  z: number;
  support: Support;
  /** Row of the eigenvector in the joint matrix. */
  readonly row: number;
}

/**
 * Eigendecomposition of diag(upper, lower) + ρ u uᵀ, where u is 1 in the last row of the upper half, `sign` in the first row of the lower.
 *
 * @param upper - spectrum of the upper half, size h; not used afterwards
 * @param lower - spectrum of the lower half, size n − h; not used afterwards
 * @param rho - positive
 *
 * Cost: K²·n multiply-adds in products, K being what deflation leaves of n, and some 10·K² divisions.
 * Source: Cuppen (1981); deflation and recomputed z as in Gu & Eisenstat (1995), A divide-and-conquer algorithm for the symmetric tridiagonal eigenproblem.
 */
export function joinSpectra(upper: Spectrum, lower: Spectrum, rho: number, sign: number): Spectrum {
  const half = upper.values.length;
  const joint = joinVectors(upper.vectors, lower.vectors);
  const pairs = [...pairsOf(upper, half - 1, 1, 'upper', 0), ...pairsOf(lower, 0, sign, 'lower', half)].sort(
    (a, b) => a.value - b.value,
  );
  const { active, deflated } = deflate(pairs, joint, rho);
  const { values, mixing } = solveActive(active, rho);
  const order = [...active.keys()].sort((a, b) => supportRank(active[a]!) - supportRank(active[b]!));
  const vectors = mixVectors(
    mixing,
    order.map((index) => active[index]!),
    order,
    joint,
    half,
  );
  return sortSpectrum(values, vectors, deflated, joint);
}

function joinVectors(upper: Matrix, lower: Matrix): Matrix {
  const n = upper.rows + lower.rows;
  const joint = matrix(n, n);
  for (let i = 0; i < upper.rows; i++) {
    joint.data.set(upper.data.subarray(i * upper.columns, (i + 1) * upper.columns), i * n);
  }
  for (let i = 0; i < lower.rows; i++) {
    const row = upper.rows + i;
    joint.data.set(lower.data.subarray(i * lower.columns, (i + 1) * lower.columns), row * n + upper.rows);
  }
  return joint;
}

function pairsOf(
  { values, vectors }: Spectrum,
  column: number,
  sign: number,
  support: Support,
  firstRow: number,
): Pair[] {
  return Array.from(values, (value, i) => ({
    value,
    z: sign * vectors.data[i * vectors.columns + column]!,
    support,
    row: firstRow + i,
  }));
}

// A pair whose z is negligible keeps its vector; of two pairs with nearly equal values one z is rotated away.
function deflate(pairs: readonly Pair[], joint: Matrix, rho: number): { active: Pair[]; deflated: Pair[] } {
  const largest = pairs.reduce((most, pair) => Math.max(most, Math.abs(pair.value), Math.abs(pair.z)), 0);
  const tolerance = 4 * Number.EPSILON * largest;
  const active: Pair[] = [];
  const deflated: Pair[] = [];
  let previous: Pair | undefined;
  for (const pair of pairs) {
    if (rho * Math.abs(pair.z) <= tolerance) {
      deflated.push(pair);
      continue;
    }
    if (previous !== undefined) (rotateAway(previous, pair, joint, tolerance) ? deflated : active).push(previous);
    previous = pair;
  }
  if (previous !== undefined) active.push(previous);
  return { active, deflated };
}

function rotateAway(first: Pair, second: Pair, joint: Matrix, tolerance: number): boolean {
  const length = Math.hypot(first.z, second.z);
  const c = second.z / length;
  const s = first.z / length;
  const gap = second.value - first.value;
  if (Math.abs(gap * c * s) > tolerance) return false;
  const n = joint.columns;
  rotateRows(joint.data, first.row * n, second.row * n, n, c, s);
  const low = first.value;
  first.value = low + gap * s * s;
  second.value = low + gap * c * c;
  first.z = 0;
  second.z = length;
  if (first.support !== second.support) first.support = second.support = 'both';
  return true;
}

// Row i of `mixing` holds the coordinates of new eigenvector i in the active old ones.
function solveActive(active: readonly Pair[], rho: number): { values: Float64Array; mixing: Matrix } {
  const count = active.length;
  const d = Float64Array.from(active, (pair) => pair.value);
  const weights = Float64Array.from(active, (pair) => rho * pair.z ** 2);
  const values = new Float64Array(count);
  const mixing = matrix(count, count);
  const scratch = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const { origin, distance } = secularRoot(d, weights, i, scratch);
    const start = d[origin]!;
    values[i] = start + distance;
    for (let j = 0; j < count; j++) mixing.data[i * count + j] = d[j]! - start - distance;
  }
  const z = recomputedZ(active, d, mixing);
  for (let i = 0; i < count; i++) normalisedVector(mixing.data, i * count, z);
  return { values, mixing };
}

// The z for which the computed roots are exact (Löwner's formula): it makes the vectors orthogonal although the roots are rounded.
function recomputedZ(active: readonly Pair[], d: Float64Array, differences: Matrix): Float64Array {
  const count = d.length;
  const squares = new Float64Array(count).fill(-1);
  for (let i = 0; i < count; i++) {
    const row = i * count;
    for (let j = 0; j < count; j++)
      squares[j]! *= j === i ? differences.data[row + j]! : differences.data[row + j]! / (d[j]! - d[i]!);
  }
  return squares.map((square, j) => Math.sign(active[j]!.z) * Math.sqrt(Math.abs(square)));
}

function normalisedVector(data: Float64Array, row: number, z: Float64Array): void {
  let squares = 0;
  for (let j = 0; j < z.length; j++) {
    const entry = z[j]! / data[row + j]!;
    data[row + j] = entry;
    squares += entry * entry;
  }
  const scale = 1 / Math.sqrt(squares);
  for (let j = 0; j < z.length; j++) data[row + j]! *= scale;
}

function supportRank(pair: Pair): number {
  return pair.support === 'upper' ? 0 : pair.support === 'both' ? 1 : 2;
}

// Vectors of the upper half don't reach the lower columns nor the other way round: with the active ones in the order upper, both,
// lower, each half of the columns needs only a part of them.
function mixVectors(
  mixing: Matrix,
  active: readonly Pair[],
  order: readonly number[],
  joint: Matrix,
  half: number,
): Matrix {
  const count = active.length;
  const n = joint.columns;
  const ordered = matrix(count, count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) ordered.data[i * count + j] = mixing.data[i * count + order[j]!]!;
  }
  const gathered = matrix(count, n);
  active.forEach(({ row }, j) => gathered.data.set(joint.data.subarray(row * n, (row + 1) * n), j * n));
  const result = matrix(count, n);
  const lowerFrom = active.filter((pair) => pair.support === 'upper').length;
  const upperTo = active.filter((pair) => pair.support !== 'lower').length;
  const multiply = (from: number, to: number, column: number, width: number): void => {
    const coordinates = subBlock(blockOf(ordered), 0, from, count, to - from);
    const old: Block = subBlock(blockOf(gathered), from, column, to - from, width);
    multiplyAdd(subBlock(blockOf(result), 0, column, count, width), coordinates, old, 1);
  };
  multiply(0, upperTo, 0, half);
  multiply(lowerFrom, count, half, n - half);
  return result;
}

function sortSpectrum(values: Float64Array, vectors: Matrix, deflated: readonly Pair[], joint: Matrix): Spectrum {
  const n = joint.columns;
  const all = [
    ...Array.from(values, (value, row) => ({ value, row, source: vectors })),
    ...deflated.map(({ value, row }) => ({ value, row, source: joint })),
  ].sort((a, b) => a.value - b.value);
  const sorted = matrix(n, n);
  all.forEach(({ row, source }, i) => sorted.data.set(source.data.subarray(row * n, (row + 1) * n), i * n));
  return { values: Float64Array.from(all, ({ value }) => value), vectors: sorted };
}
