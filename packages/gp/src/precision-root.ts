import { type Matrix, matrix, tryCholesky } from '@ntk/linop';
import { OptionError, ShapeError } from '@ntk/tensor';
import { checkFinite, checkOutputs } from './checks.ts';
import { scaleColumns } from './prior-scale.ts';
import { concatenate } from './vector.ts';

/**
 * The root L of a block-diagonal precision (or likelihood curvature) Λ = L Lᵀ of the rows, the form in which every noise enters.
 *
 * Gaussian noise of variance σ_i² is `size` 1 and L_ii = 1/σ_i. Curvature that couples the c outputs of an example is `size` c; the
 * block may be singular (categorical: diag √π − π √πᵀ).
 */
export interface PrecisionRoot {
  /** Number of rows N = blocks × size. */
  readonly rows: number;
  /** Rows (and columns) of a block: 1 for a diagonal, c for blocks of examples. */
  readonly size: number;
  /** The blocks, row-major one after the other, [N / size, size, size]. */
  readonly blocks: Float64Array;
}

/**
 * The precision root of Gaussian noise, L = Σ^{-1/2}.
 *
 * @param noiseVariance - one variance for all rows, or one a row [N]; in squared units of the targets
 * @param rows - number of rows N
 * @throws {OptionError} if a variance is not positive and finite: the limit of no noise is a small variance, not 0
 * @throws {ShapeError} if there is not one variance a row
 */
export function noisePrecisionRoot(noiseVariance: number | Float64Array, rows: number): PrecisionRoot {
  const variances = typeof noiseVariance === 'number' ? new Float64Array(rows).fill(noiseVariance) : noiseVariance;
  if (variances.length !== rows) {
    throw new ShapeError(
      `noiseVariance: got ${variances.length} values, expected a number or ${rows} values, one a row`,
    );
  }
  const bad = variances.findIndex((value) => !(value > 0 && Number.isFinite(1 / value) && Number.isFinite(value)));
  if (bad >= 0) {
    throw new OptionError(
      `noiseVariance: got ${variances[bad]} for row ${bad}, expected a positive finite variance; for exact data give a small one, ` +
        'such as 1e-10 times the mean diagonal of the kernel',
    );
  }
  return { rows, size: 1, blocks: variances.map((value) => 1 / Math.sqrt(value)) };
}

/**
 * A precision root of blocks, one an example.
 *
 * @param blocks - L of each example, row-major, [n, c, c]; aliased
 * @param outputs - c
 * @throws {ShapeError} if the entries are not whole blocks
 * @throws {NumericalError} if an entry is not finite
 */
export function blockPrecisionRoot(blocks: Float64Array, outputs: number): PrecisionRoot {
  const rows = blocks.length / outputs;
  checkOutputs(outputs, rows, 'blockPrecisionRoot');
  checkFinite(blocks, 'blockPrecisionRoot');
  return { rows, size: outputs, blocks };
}

/** The root of the rows of one and then of the other; a copy. @throws {ShapeError} if their blocks have different sizes */
export function joinPrecisionRoots(first: PrecisionRoot, second: PrecisionRoot): PrecisionRoot {
  if (first.size !== second.size) {
    throw new ShapeError(
      `precisionRoot: got blocks of ${second.size} rows to append to blocks of ${first.size}, expected the same size`,
    );
  }
  return { rows: first.rows + second.rows, size: first.size, blocks: concatenate(first.blocks, second.blocks) };
}

/** factor · Lᵀ x for each row x of a matrix [k, N]: rows xᵀ L, new. Cost: k·N·size multiply-adds. */
export function timesRoot(x: Matrix, root: PrecisionRoot, factor: number = 1): Matrix {
  const blocks = factor === 1 ? root.blocks : root.blocks.map((entry) => factor * entry);
  if (root.size === 1) return scaleColumns(x, blocks);
  return timesBlocks(x, { ...root, blocks }, (entry, other) => entry * root.size + other);
}

/** L x for each row x of a matrix [k, N]: rows xᵀ Lᵀ, new. Cost: k·N·size multiply-adds. */
export function timesRootTransposed(x: Matrix, root: PrecisionRoot): Matrix {
  if (root.size === 1) return scaleColumns(x, root.blocks);
  return timesBlocks(x, root, (entry, other) => other * root.size + entry);
}

/** Lᵀ X of a matrix [N, k], new. Cost: k·N·size multiply-adds. */
export function rootTransposedTimes(root: PrecisionRoot, x: Matrix): Matrix {
  const { size, blocks } = root;
  const product = matrix(x.rows, x.columns);
  for (let row = 0; row < x.rows; row++) {
    const first = row - (row % size);
    const target = product.data.subarray(row * x.columns, (row + 1) * x.columns);
    for (let inner = first; inner < first + size; inner++) {
      const factor = blocks[inner * size + (row - first)]!;
      const source = inner * x.columns;
      for (let j = 0; j < x.columns; j++) target[j]! += factor * x.data[source + j]!;
    }
  }
  return product;
}

/** log|Λ| = 2 log|det L|; −∞ if a block is singular. Cost: N·size² multiply-adds. */
export function logDeterminantOfPrecision({ rows, size, blocks }: PrecisionRoot): number {
  if (size === 1) return blocks.reduce((sum, entry) => sum + 2 * Math.log(Math.abs(entry)), 0);
  let sum = 0;
  for (let block = 0; block < rows / size; block++) {
    const l = matrix(size, size, blocks.subarray(block * size * size, (block + 1) * size * size));
    sum += logDeterminantOfGram(l);
  }
  return sum;
}

function logDeterminantOfGram(l: Matrix): number {
  const gram = timesRootTransposed(l, { rows: l.rows, size: l.rows, blocks: l.data });
  const factored = tryCholesky(gram, { jitter: { limit: 0 } });
  if (factored.status !== 'converged') return -Infinity;
  let sum = 0;
  for (let i = 0; i < l.rows; i++) sum += 2 * Math.log(factored.factor.data[i * l.rows + i]!);
  return sum;
}

function timesBlocks(x: Matrix, root: PrecisionRoot, at: (inner: number, column: number) => number): Matrix {
  const { size, blocks } = root;
  const product = matrix(x.rows, x.columns);
  for (let row = 0; row < x.rows; row++) {
    const start = row * x.columns;
    for (let first = 0; first < x.columns; first += size) {
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let inner = 0; inner < size; inner++)
          sum += x.data[start + first + inner]! * blocks[first * size + at(inner, column)]!;
        product.data[start + first + column] = sum;
      }
    }
  }
  return product;
}
