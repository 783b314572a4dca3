import { cachedVariance, cachedWeightCovariance, placeCache } from '@ntk/gp';
import { explicitJacobian, kernelDiagonal, type Linearization } from '@ntk/jacobian';
import { gemm, type Matrix } from '@ntk/linop';
import type { Backend } from '@ntk/tensor';
import { joinSystems } from '../systems/combine-outputs.ts';
import { systemRows } from '../systems/system-jacobian.ts';
import type { StoredConstant, StoredPosterior, StoredRoot } from './stored-posterior.ts';

/** A stored root where its products run. */
export interface PlacedRoot {
  /** jᵀCj of each row j of [k, features] with C the covariance of the weights, without what a constant adds: [k]. */
  readonly variance: (rows: Matrix) => Promise<Float64Array>;
  /** C j for each row, [k, features]. */
  readonly timesCovariance: (rows: Matrix) => Promise<Matrix>;
  readonly constant: StoredConstant | undefined;
  dispose(): void;
}

/** The roots of a posterior where their products run. */
export interface PlacedRoots {
  readonly roots: readonly PlacedRoot[];
  [Symbol.dispose](): void;
}

/**
 * Places roots on a backend, once for all that is asked of them.
 *
 * @param stored - borrowed for the life of the placed roots
 * @returns the placed roots; the caller disposes them
 *
 * Cost: an upload of every cached root, which stays on the backend.
 */
export function placeRoots(stored: readonly StoredRoot[], backend: Backend): PlacedRoots {
  const roots = stored.map((root) => placeRoot(root, backend));
  return { roots, [Symbol.dispose]: () => roots.forEach((root) => root.dispose()) };
}

function placeRoot({ root, constant }: StoredRoot, backend: Backend): PlacedRoot {
  if (root.form === 'covariance') {
    return {
      variance: (rows) => Promise.resolve(rowSquares(gemm(rows, root.root, { transposeB: true }))),
      timesCovariance: (rows) => Promise.resolve(gemm(gemm(rows, root.root, { transposeB: true }), root.root)),
      constant,
      dispose: () => undefined,
    };
  }
  const cache = placeCache(root.cache, { backend });
  return {
    variance: (rows) => cachedVariance(cache, rows),
    timesCovariance: (rows) => cachedWeightCovariance(cache, rows),
    constant,
    dispose: () => cache.dispose(),
  };
}

/**
 * Variances at linearised inputs from roots, [m·c].
 *
 * Cost: the explicit Jacobian, and rank·p multiply-adds a row.
 */
export async function rootVariances(
  { outputs: layout }: StoredPosterior,
  { roots }: PlacedRoots,
  test: Linearization,
): Promise<Float64Array> {
  const rows = systemRows(await explicitJacobian(test), test.c, layout);
  const variances: Float64Array[] = [];
  for (const [i, root] of roots.entries()) variances.push(await varianceOf(root, rows[i]!));
  const [only] = variances;
  // One root for all outputs is that of a kernel and a noise which they share.
  const shared = layout !== 'full' && variances.length === 1;
  const found = joinSystems(shared ? new Array<Float64Array>(test.c).fill(only!) : variances, layout);
  // Where the kernel overflows there is no variance, as there is none before a posterior is stored, though its Jacobian may be finite.
  const prior = await kernelDiagonal(test);
  return found.map((value, i) => (Number.isFinite(prior[i]) ? value : NaN));
}

async function varianceOf(root: PlacedRoot, j: Matrix): Promise<Float64Array> {
  const { constant } = root;
  const variance = await root.variance(j);
  if (constant === undefined) return variance;
  const r = constantResidual(constant, j);
  const weighted = gemm(r, constant.covariance);
  return variance.map((value, i) => {
    let sum = value;
    for (let a = 0; a < r.columns; a++) sum += r.data[i * r.columns + a]! * weighted.data[i * r.columns + a]!;
    return sum;
  });
}

/** r = h − H A⁻¹k* of each row, [M, q]: what of the constants the data elsewhere do not take away. */
export function constantResidual({ weights }: StoredConstant, j: Matrix): Matrix {
  const r = gemm(j, weights, { transposeB: true, alpha: -1 });
  const q = r.columns;
  for (let i = 0; i < r.rows; i++) r.data[i * q + (i % q)]! += 1;
  return r;
}

function rowSquares({ rows, columns, data }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) =>
    data.subarray(i * columns, (i + 1) * columns).reduce((sum, value) => sum + value * value, 0),
  );
}
