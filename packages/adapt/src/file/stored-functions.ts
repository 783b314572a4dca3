import { sampleVariance } from '@ntk/gp';
import type { Linearization } from '@ntk/jacobian';
import { matrix } from '@ntk/linop';
import { combineOutputs, weightRows } from '../systems/combine-outputs.ts';
import type { SampledVariance, StoredPosterior } from './stored-posterior.ts';

/** The posterior mean at linearised inputs, [m·c]. Cost: one product with J for each weight vector. */
export async function storedMean(stored: StoredPosterior, test: Linearization): Promise<Float64Array> {
  const { weights, outputs: layout, constant } = stored;
  const mean = combineOutputs(await products(test, weights.data), test.c, layout);
  const prior = await priorMean(stored, test);
  return mean.map((value, i) => value + (prior?.[i] ?? constant[i % test.c] ?? 0));
}

/** Variances at linearised inputs from samples, [m·c]. Cost: one product with J for each weight vector of each sample. */
export async function sampledVariances(
  stored: StoredPosterior,
  { count, weights, constants }: SampledVariance,
  { test, mean }: { readonly test: Linearization; readonly mean: Float64Array },
): Promise<Float64Array> {
  const { outputs: layout } = stored;
  const prior = await priorMean(stored, test);
  const rows = weightRows(layout, test.c);
  const values = matrix(count, mean.length);
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / rows));
  for (let start = 0; start < count; start += atOnce) {
    const end = Math.min(count, start + atOnce);
    const parts = await products(test, weights.data.subarray(start * rows * test.p, end * rows * test.p));
    for (let s = start; s < end; s++) {
      const sample = combineOutputs(parts.slice((s - start) * rows, (s - start + 1) * rows), test.c, layout);
      const shift = constants.data.subarray(s * constants.columns, (s + 1) * constants.columns);
      values.data.set(
        sample.map((value, i) => value + (prior?.[i] ?? shift[i % test.c] ?? 0)),
        s * mean.length,
      );
    }
  }
  return sampleVariance(values, mean).value;
}

async function priorMean(
  { mean }: StoredPosterior,
  { backend, outputs }: Linearization,
): Promise<Float64Array | undefined> {
  return mean === 'network' ? Float64Array.from(await backend.read(outputs)) : undefined;
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
