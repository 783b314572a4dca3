import { applyInBlocks, sampleVariance } from '@ntk/gp';
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

/** Weight vectors whose functions are there at once. */
const ROWS_AT_ONCE = 32;

/** J v for each row v of [k, p]; one array [m·c] each, in float64. */
async function products({ jacobian, p }: Linearization, rows: Float64Array): Promise<Float64Array[]> {
  const { data, columns } = await applyInBlocks(jacobian, matrix(rows.length / p, p, rows));
  return Array.from({ length: rows.length / p }, (_, i) => data.slice(i * columns, (i + 1) * columns));
}
