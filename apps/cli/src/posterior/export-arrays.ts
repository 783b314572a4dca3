import {
  productDtypeFor,
  storedCovariances,
  type OpenOptions,
  type Prediction,
  type StoredPosterior,
} from '@ntk/adapt';
import { explicitJacobian, kernelMatrix, linearize } from '@ntk/jacobian';
import { OptionError, exampleCount, formatBytes, outputCount } from '@ntk/tensor';
import type { Execution } from '../network/blame-rows.ts';
import type { NumericArray } from '../tables/npy.ts';

/** Numbers of an array beyond which it is not exported: 1 GiB of float64. */
const MAX_NUMBERS = 2 ** 27;

/**
 * What NumPy users want of a posterior at some inputs: mean and variance [m, c], covariance [m·c, m·c] (or [c, m, m] where outputs do not depend
 * on each other), jacobian [m·c, p], kernel J Jᵀ [m·c, m·c], prior_variance and noise_variance [c]. Without variances in the file there is neither
 * variance nor covariance; samples give no covariance.
 *
 * @throws {OptionError} if an array would be larger than 1 GiB
 */
export async function exportArrays(
  stored: StoredPosterior,
  x: Float64Array,
  { prediction, execution }: { readonly prediction: Prediction; readonly execution: Execution & OpenOptions },
): Promise<Map<string, NumericArray>> {
  const { network, layers, outputs, priorVariance, noiseVariances, variance, weights } = stored;
  const m = exampleCount(network, x.length);
  const c = outputCount(network);
  checkSize(m * c, Math.max(m * c, weights.columns));
  const arrays = new Map<string, NumericArray>([['mean', { shape: [m, c], data: prediction.mean }]]);
  if (variance.kind !== 'none') arrays.set('variance', { shape: [m, c], data: prediction.variance });
  if (variance.kind === 'root' || variance.kind === 'exact') {
    const parts = await storedCovariances(stored, x, execution);
    const data = parts.length === 1 ? parts[0]!.data : concat(parts.map((part) => part.data));
    const size = parts[0]!.rows;
    arrays.set('covariance', { shape: outputs === 'full' ? [size, size] : [parts.length, size, size], data });
  }
  using at = await linearize(network, x, { ...execution, layers: { names: layers } });
  const jacobian = await explicitJacobian(at);
  const kernel = await kernelMatrix(at, at, { productDtype: productDtypeFor(stored, execution) });
  arrays.set('jacobian', { shape: [jacobian.rows, jacobian.columns], data: jacobian.data });
  arrays.set('kernel', { shape: [kernel.rows, kernel.columns], data: kernel.data });
  arrays.set('prior_variance', { shape: [], data: Float64Array.of(priorVariance) });
  arrays.set('noise_variance', { shape: [c], data: noiseVariances });
  return arrays;
}

function checkSize(rows: number, columns: number): void {
  if (rows * columns <= MAX_NUMBERS) return;
  throw new OptionError(
    `--arrays: an array would have ${rows} × ${columns} numbers (${formatBytes(rows * columns * 8, 'up')}), expected at most ${formatBytes(8 * MAX_NUMBERS)}; give fewer rows, or adapt fewer layers`,
  );
}

function concat(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
