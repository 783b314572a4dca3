import { linearize, type Linearization } from '@ntk/jacobian';
import { exampleCount, type TypedArray } from '@ntk/tensor';
import { TEST_BATCH } from '../plan/work.ts';
import type { FitProblem } from './fit-problem.ts';

/** Mean and variance of the noise-free function, [m·c] each, output fastest. */
export interface Prediction {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Predicts a batch of test examples; `priorMean` is there where the prior is centred on the network, [m·c]. */
export type BatchPredictor = (test: Linearization, prior: { readonly priorMean?: Float64Array }) => Promise<Prediction>;

/** Linearises new inputs a batch at a time and predicts each batch. All batches have one size, so that Programs compile once. */
export async function predictInBatches(
  { linearization, options }: Pick<FitProblem, 'linearization' | 'options'>,
  x: TypedArray,
  predict: BatchPredictor,
): Promise<Prediction> {
  const { network, backend, dtype, c } = linearization;
  const m = exampleCount(network, x.length);
  const size = x.length / m;
  const mean = new Float64Array(m * c);
  const variance = new Float64Array(m * c);
  const batchSize = Math.min(m, TEST_BATCH);
  for (let start = 0; start < m; start += batchSize) {
    using test = await linearize(network, x.subarray(start * size, (start + batchSize) * size), {
      backend,
      dtype,
      layers: options.layers,
      batchSize,
    });
    const prior = options.mean === 'network' ? { priorMean: Float64Array.from(await backend.read(test.outputs)) } : {};
    const part = await predict(test, prior);
    mean.set(part.mean, start * c);
    variance.set(part.variance, start * c);
  }
  return { mean, variance };
}
