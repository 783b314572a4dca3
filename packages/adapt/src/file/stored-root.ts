import { cachedVariance } from '@ntk/gp';
import { explicitJacobian, kernelDiagonal, type Linearization } from '@ntk/jacobian';
import { gemm, type Matrix } from '@ntk/linop';
import type { Backend } from '@ntk/tensor';
import { joinSystems } from '../systems/combine-outputs.ts';
import { systemRows } from '../systems/system-jacobian.ts';
import type { StoredPosterior, StoredRoot } from './stored-posterior.ts';

/**
 * Variances at linearised inputs from roots, [m·c].
 *
 * Cost: the explicit Jacobian, and rank·p multiply-adds a row.
 */
export async function rootVariances(
  { outputs: layout }: StoredPosterior,
  roots: readonly StoredRoot[],
  test: Linearization,
): Promise<Float64Array> {
  const rows = systemRows(await explicitJacobian(test), test.c, layout);
  const variances: Float64Array[] = [];
  for (const [i, root] of roots.entries()) variances.push(await varianceOf(root, rows[i]!, test.backend));
  const [only] = variances;
  // One root for all outputs is that of a kernel and a noise which they share.
  const shared = layout !== 'full' && variances.length === 1;
  const found = joinSystems(shared ? new Array<Float64Array>(test.c).fill(only!) : variances, layout);
  // Where the kernel overflows there is no variance, as there is none before a posterior is stored, though its Jacobian may be finite.
  const prior = await kernelDiagonal(test);
  return found.map((value, i) => (Number.isFinite(prior[i]) ? value : NaN));
}

async function varianceOf({ root, constant }: StoredRoot, j: Matrix, backend: Backend): Promise<Float64Array> {
  const variance =
    root.form === 'cached'
      ? await cachedVariance(root.cache, j, { backend })
      : rowSquares(gemm(j, root.root, { transposeB: true }));
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
export function constantResidual({ weights }: NonNullable<StoredRoot['constant']>, j: Matrix): Matrix {
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
