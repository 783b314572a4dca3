import { linearize, type Linearization, type LinearizeOptions } from '@ntk/jacobian';
import { exampleCount, outputCount, type Network, type TypedArray } from '@ntk/tensor';
import { TEST_BATCH } from '../plan/work.ts';
import type { FitProblem } from './fit-problem.ts';

/** Mean and variance of the noise-free function, [m·c] each, output fastest. */
export interface Prediction {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** New inputs, and how they are linearised. */
export interface Batches {
  readonly network: Network;
  /** [m, …exampleShape]; borrowed. */
  readonly x: TypedArray;
  readonly execution: Pick<LinearizeOptions, 'backend' | 'dtype' | 'layers' | 'memoryBytes'>;
  /** Examples at once, at most; 512 at most, which it is by default. */
  readonly batchSize?: number;
}

/** Linearises new inputs a batch at a time and predicts each batch. All batches have one size, so that Programs compile once. */
export async function predictInBatches(
  { network, x, execution, batchSize: most = TEST_BATCH }: Batches,
  predict: (test: Linearization) => Promise<Prediction>,
): Promise<Prediction> {
  const m = exampleCount(network, x.length);
  const size = x.length / m;
  const c = outputCount(network);
  const mean = new Float64Array(m * c);
  const variance = new Float64Array(m * c);
  const count = Math.min(m, TEST_BATCH, most);
  // Through the network they go in as many as there is memory for, always the same number.
  let batchSize: number | undefined;
  for (let start = 0; start < m; start += count) {
    const batch = x.subarray(start * size, (start + count) * size);
    using test = await linearize(network, batch, { ...execution, ...(batchSize === undefined ? {} : { batchSize }) });
    batchSize = test.memory.batchSize;
    const part = await predict(test);
    mean.set(part.mean, start * c);
    variance.set(part.variance, start * c);
  }
  return { mean, variance };
}

/** Predicts a batch of test examples; `priorMean` is there where the prior is centred on the network, [m·c]. */
export type BatchPredictor = (test: Linearization, prior: { readonly priorMean?: Float64Array }) => Promise<Prediction>;

/** Predicts new inputs as a fit linearised its own. */
export async function predictFitted(
  { linearization, options }: Pick<FitProblem, 'linearization' | 'options'>,
  x: TypedArray,
  predict: BatchPredictor,
): Promise<Prediction> {
  const { network, backend, dtype, memory } = linearization;
  const execution = { backend, dtype, layers: options.layers, memoryBytes: memory.budgetBytes };
  return predictInBatches({ network, x, execution }, async (test) => {
    const prior = options.mean === 'network' ? { priorMean: Float64Array.from(await backend.read(test.outputs)) } : {};
    return predict(test, prior);
  });
}
