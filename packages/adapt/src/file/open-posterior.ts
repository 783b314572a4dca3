import type { Linearization } from '@ntk/jacobian';
import { OptionError, outputCount, type Backend, type DType, type TypedArray } from '@ntk/tensor';
import { adapt, type AdaptedNetwork } from '../adapt.ts';
import { DEFAULT_MEMORY } from '../fit/options.ts';
import { predictInBatches, type Prediction } from '../fit/predict-in-batches.ts';
import type { TrainingData } from '../fit/training-data.ts';
import { linearizationMemory } from '../plan/estimate.ts';
import type { DataVariance, StoredPosterior } from './stored-posterior.ts';
import { placeRoots, rootVariances, type PlacedRoots } from './stored-root.ts';
import { sampledVariances, storedMean } from './stored-functions.ts';

/** On what a stored posterior predicts. */
export interface OpenOptions {
  readonly backend: Backend;
  /** That of the fit unless named, or float32 where the backend lacks it. */
  readonly dtype?: DType;
  /** Bytes that the process may use; 4 GiB unless given. */
  readonly memory?: number;
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

/**
 * Makes a stored posterior ready to predict.
 *
 * @param stored - borrowed for the life of the open one
 * @returns the posterior; the caller disposes it
 *
 * Cost: stored data are fitted again, roots are uploaded and stay on the backend. A prediction costs one product with J for the mean, and for the variance: rank·p
 * multiply-adds a row from a root, one product a sample from samples.
 */
export async function openPosterior(stored: StoredPosterior, options: OpenOptions): Promise<OpenPosterior> {
  if (stored.variance.kind === 'exact') return restorePosterior(stored, options);
  const { network, layers, variance, weights } = stored;
  const { backend, memory = DEFAULT_MEMORY } = options;
  const dtype = dtypeFor(stored, options);
  const execution = { backend, dtype, layers: { names: layers }, memoryBytes: linearizationMemory(memory) };
  const rowBytes = 8 * outputCount(network) * weights.columns;
  const batchSize = variance.kind === 'root' ? { batchSize: Math.max(1, Math.floor(JACOBIAN_BYTES / rowBytes)) } : {};
  const roots = placeRoots(variance.kind === 'root' ? variance.roots : [], backend);
  const dispose = (): void => roots[Symbol.dispose]();
  return {
    predict: (x) =>
      predictInBatches({ network, x, execution, ...batchSize }, (test) => predictBatch(stored, roots, test)),
    dispose,
    [Symbol.dispose]: dispose,
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
 * @throws {OptionError} if the file holds no data, nothing fits in memory, or noise variances of the new targets are missing
 * @throws {ShapeError} if new examples do not fit the network
 *
 * Cost: that of `adapt` with known variances on all examples; an iterative solver starts from what it had found.
 */
export async function restorePosterior(stored: StoredPosterior, options: RestoreOptions): Promise<AdaptedNetwork> {
  const { variance, network, layers, mean, outputs, space, solver, priorVariance } = stored;
  if (variance.kind !== 'exact') {
    throw new OptionError(
      'restorePosterior: the posterior was stored without its training data; store it with variance exact (--save-variance exact)',
    );
  }
  const { backend, more, memory } = options;
  const how = {
    backend,
    dtype: dtypeFor(stored, options),
    productDtype: productDtypeFor(stored, options),
    layers: { names: layers },
    mean,
    outputs,
    space,
    solver,
    priorVariance,
    noise: noiseOf(variance, more) ?? stored.noiseVariances,
    ...(memory === undefined ? {} : { memory }),
    ...(variance.rtol === undefined ? {} : { rtol: variance.rtol }),
    ...(variance.unknowns === undefined ? {} : { start: variance.unknowns }),
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

/** The dtype of the products of kernels where a stored posterior is used: that of the fit, if the backend has it, and no less precise than those with J. */
export function productDtypeFor(stored: StoredPosterior, options: OpenOptions): DType {
  const dtype = dtypeFor(stored, options);
  return options.backend.supports[stored.productDtype] && dtype === 'float32' ? stored.productDtype : dtype;
}

async function predictBatch(stored: StoredPosterior, roots: PlacedRoots, test: Linearization): Promise<Prediction> {
  const { variance } = stored;
  const mean = await storedMean(stored, test);
  switch (variance.kind) {
    case 'root':
      return { mean, variance: await rootVariances(stored, roots, test) };
    case 'samples':
      return { mean, variance: await sampledVariances(stored, variance, { test, mean }) };
    default:
      return { mean, variance: mean.map(() => NaN) };
  }
}
