import { kernelDiagonal, linearize, type Linearization } from '@ntk/jacobian';
import { exampleCount, unitRoundoff, type Backend, type DType, type TypedArray } from '@ntk/tensor';
import type { Prediction } from '../fit/linearized-fit.ts';
import type { StoredPosterior } from './stored-posterior.ts';

const TEST_BATCH = 512;

/**
 * Mean and variance of the noise-free function at new inputs, from a stored posterior.
 *
 * @param x - [m, …exampleShape], row-major; borrowed
 * @returns [m·c] each, output fastest
 *
 * Cost: one product with J for each row of the root (and one for the mean), in blocks.
 */
export async function predictStored(
  stored: StoredPosterior,
  x: TypedArray,
  options: { readonly backend: Backend; readonly dtype?: DType },
): Promise<Prediction> {
  const { network } = stored;
  const { backend } = options;
  const dtype = options.dtype ?? (backend.supports[stored.dtype] ? stored.dtype : 'float32');
  const m = exampleCount(network, x.length);
  const size = x.length / m;
  const batchSize = Math.min(m, TEST_BATCH);
  const means: Float64Array[] = [];
  const variances: Float64Array[] = [];
  for (let start = 0; start < m; start += batchSize) {
    const batch = x.subarray(start * size, (start + batchSize) * size);
    using test = await linearize(network, batch, { backend, dtype, layers: { names: stored.layers }, batchSize });
    const { mean, variance } = await predictBatch(stored, test);
    means.push(mean);
    variances.push(variance);
  }
  return { mean: concat(means), variance: concat(variances) };
}

async function predictBatch(stored: StoredPosterior, test: Linearization): Promise<Prediction> {
  const { weights, root, space, priorVariance } = stored;
  const [deviation] = await products(test, weights);
  const mean = deviation!;
  if (stored.mean === 'network') (await test.backend.read(test.outputs)).forEach((value, i) => (mean[i]! += value));
  const explained = new Float64Array(mean.length);
  for (const row of await products(test, root.data)) row.forEach((value, i) => (explained[i]! += value * value));
  const prior = (await kernelDiagonal(test)).map((value) => priorVariance * value);
  // A difference of sums of as many squares as the root has rows: below their rounding nothing is known, and no variance is reported as less.
  const floor = root.rows * unitRoundoff(test.dtype);
  const variance =
    space === 'parameter' ? explained : prior.map((value, i) => Math.max(value - explained[i]!, floor * value));
  if (stored.constant !== undefined) await addConstant(stored.constant, test, { mean, variance });
  return { mean, variance };
}

/** Adds β, and the variance rᵀ C r with r = h − H A⁻¹k*: what of the constant the data elsewhere do not take away. */
async function addConstant(
  { value, covariance, weights }: NonNullable<StoredPosterior['constant']>,
  test: Linearization,
  { mean, variance }: Prediction,
): Promise<void> {
  const c = value.length;
  const explained = await products(test, weights.data);
  for (let i = 0; i < mean.length; i++) {
    mean[i]! += value[i % c]!;
    const r = explained.map((row, a) => (a === i % c ? 1 : 0) - row[i]!);
    for (let a = 0; a < c; a++) for (let b = 0; b < c; b++) variance[i]! += r[a]! * covariance.data[a * c + b]! * r[b]!;
  }
}

const ROWS_AT_ONCE = 32;

/** J v for each row v of [k, p]; one array [m·c] each, in float64. */
async function products({ backend, dtype, jacobian, p }: Linearization, rows: Float64Array): Promise<Float64Array[]> {
  const count = rows.length / p;
  const size = Math.min(ROWS_AT_ONCE, count);
  const results: Float64Array[] = [];
  for (let start = 0; start < count; start += size) {
    const block = new Float64Array(size * p);
    block.set(rows.subarray(start * p, Math.min(start + size, count) * p));
    using v = backend.upload(dtype === 'float64' ? block : Float32Array.from(block), [size, p]);
    using product = await jacobian.matmul(v);
    const data = Float64Array.from(await backend.read(product));
    const width = jacobian.shape[0];
    for (let i = 0; i < Math.min(size, count - start); i++) results.push(data.slice(i * width, (i + 1) * width));
  }
  return results;
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
