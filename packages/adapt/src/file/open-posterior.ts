import { linearize } from '@ntk/jacobian';
import { OptionError, exampleCount, outputCount, type Backend, type DType, type TypedArray } from '@ntk/tensor';
import { adapt, type AdaptedNetwork } from '../adapt.ts';
import type { Prediction } from '../fit/predict-in-batches.ts';
import type { TrainingData } from '../fit/training-data.ts';
import type { DataVariance, StoredPosterior } from './stored-posterior.ts';
import { rootVariances } from './stored-root.ts';
import { sampledVariances, storedMean } from './stored-functions.ts';

/** On what a stored posterior predicts. */
export interface OpenOptions {
  readonly backend: Backend;
  /** That of the fit unless named, or float32 where the backend lacks it. */
  readonly dtype?: DType;
}

/** A stored posterior that predicts. */
export interface OpenPosterior {
  /**
   * Mean and variance of the noise-free function at new inputs, in batches; the variance is NaN where the file holds none.
   *
   * @param x - [m, …exampleShape], row-major; borrowed
   * @returns [m·c] each, output fastest
   */
  predict(x: TypedArray): Promise<Prediction>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Bytes of an explicit Jacobian of test rows, and of what is made from it: a few times this. */
const JACOBIAN_BYTES = 64 * 2 ** 20;
const TEST_BATCH = 512;

/**
 * Makes a stored posterior ready to predict.
 *
 * @param stored - borrowed
 * @returns the posterior; the caller disposes it
 *
 * Cost: nothing but for stored data, which are fitted again. A prediction costs one product with J for the mean, and for the variance: rank·p
 * multiply-adds a row from a root, one product a sample from samples.
 */
export async function openPosterior(stored: StoredPosterior, options: OpenOptions): Promise<OpenPosterior> {
  if (stored.variance.kind === 'exact') return restorePosterior(stored, options);
  return {
    predict: (x) => predictInBatches(stored, x, options),
    dispose: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}

/** Examples to add to those of a posterior. */
export interface MoreExamples extends TrainingData {
  /** Noise variances of the new targets, [k·c], where each of the old ones has its own. */
  readonly noise?: Float64Array;
}

/** How a posterior with its data is restored. */
export interface RestoreOptions extends OpenOptions {
  /** Examples to condition on as well, at the variances of the posterior. */
  readonly more?: MoreExamples;
}

/**
 * The adapted network of a file that holds its training data, as `adapt` gave it, or on more examples than these.
 *
 * @throws {OptionError} if the file holds no data, or noise variances of the new targets are missing
 * @throws {ShapeError} if new examples do not fit the network
 *
 * Cost: that of `adapt` with known variances on all examples.
 */
export async function restorePosterior(stored: StoredPosterior, options: RestoreOptions): Promise<AdaptedNetwork> {
  const { variance, network, layers, mean, outputs, space, solver, priorVariance } = stored;
  if (variance.kind !== 'exact') {
    throw new OptionError(
      'restorePosterior: the posterior was stored without its training data; store it with variance exact (--save-variance exact)',
    );
  }
  const { backend, more } = options;
  const how = {
    backend,
    dtype: dtypeFor(stored, options),
    layers: { names: layers },
    mean,
    outputs,
    space,
    solver,
    priorVariance,
    noise: noiseOf(variance, more) ?? stored.noiseVariances,
    ...(variance.rtol === undefined ? {} : { rtol: variance.rtol }),
  };
  const { data } = variance;
  const all = more === undefined ? data : { x: joined(data.x, more.x), y: joined(data.y, more.y) };
  return adapt(network, all, how);
}

function noiseOf({ noise }: DataVariance, more: MoreExamples | undefined): Float64Array | undefined {
  if (noise === undefined || more === undefined) return noise;
  if (more.noise !== undefined && more.noise.length === more.y.length) return joined(noise, more.noise);
  throw new OptionError(
    `restorePosterior: got ${more.noise?.length ?? 0} noise variances for ${more.y.length} new targets, expected one for each, as the old ones have`,
  );
}

function joined(first: TypedArray, second: TypedArray): Float64Array {
  const values = new Float64Array(first.length + second.length);
  values.set(first, 0);
  values.set(second, first.length);
  return values;
}

/** Predicts once; see `openPosterior`. */
export async function predictStored(stored: StoredPosterior, x: TypedArray, options: OpenOptions): Promise<Prediction> {
  using open = await openPosterior(stored, options);
  return await open.predict(x);
}

/** The dtype in which a stored posterior predicts. */
export function dtypeFor(stored: StoredPosterior, { backend, dtype }: OpenOptions): DType {
  return dtype ?? (backend.supports[stored.dtype] ? stored.dtype : 'float32');
}

async function predictInBatches(stored: StoredPosterior, x: TypedArray, options: OpenOptions): Promise<Prediction> {
  const { network, layers, weights, variance } = stored;
  const { backend } = options;
  const dtype = dtypeFor(stored, options);
  const m = exampleCount(network, x.length);
  const size = x.length / m;
  const c = outputCount(network);
  const most = variance.kind === 'root' ? Math.floor(JACOBIAN_BYTES / (8 * c * weights.columns)) : TEST_BATCH;
  const batchSize = Math.min(m, TEST_BATCH, Math.max(1, most));
  const mean = new Float64Array(m * c);
  const found = new Float64Array(m * c).fill(NaN);
  for (let start = 0; start < m; start += batchSize) {
    const batch = x.subarray(start * size, (start + batchSize) * size);
    using test = await linearize(network, batch, { backend, dtype, layers: { names: layers }, batchSize });
    const part = await storedMean(stored, test);
    mean.set(part, start * c);
    if (variance.kind === 'root') found.set(await rootVariances(stored, variance.roots, test), start * c);
    if (variance.kind === 'samples')
      found.set(await sampledVariances(stored, variance, { test, mean: part }), start * c);
  }
  return { mean, variance: found };
}
