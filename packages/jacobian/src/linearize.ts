import {
  OptionError,
  UnsupportedError,
  allocate,
  asDType,
  dtypeOf,
  exampleCount,
  exampleShape,
  outputCount,
  sizeOf,
  type Backend,
  type DType,
  type Network,
  type Parameter,
  type Tensor,
  type TypedArray,
} from '@ntk/tensor';
import type { LinearOperator } from '@ntk/linop';
import { factoredProducts, propagatedProducts } from './batch-products.ts';
import type { FactorForm } from './factors/factor-form.ts';
import { Factors } from './factors/factors.ts';
import { jacobianOperator } from './jacobian-operator.ts';
import { selectParameters, type LayerSelection } from './layers.ts';
import { LinearMaps, disposeBatch, type Batch } from './linear-maps.ts';
import { parameterCount } from './linear-programs.ts';

/** How and where to linearise. */
export interface LinearizeOptions {
  readonly backend: Backend;
  /** dtype of the products; float64 where the backend has it, unless named. */
  readonly dtype?: DType;
  /** Layers whose parameters vary; 'all' unless named. */
  readonly layers?: LayerSelection;
  /** Examples that go through the network at a time; at most 8,192 rows, examples times outputs, unless named. */
  readonly batchSize?: number;
  /** How parameters that are read at several positions enter kernels; 'cheapest' unless named, see `planKernel`. */
  readonly factorForm?: FactorForm;
}

/**
 * A network linearised at its trained parameters, on given inputs: f(x; θ) ≈ f(x; θ̂) + J(x)(θ − θ̂).
 *
 * Shapes: n examples, c outputs, p chosen parameters. Rows of J run over examples, the output fastest.
 */
export interface Linearization {
  readonly network: Network;
  readonly backend: Backend;
  readonly dtype: DType;
  readonly n: number;
  readonly c: number;
  readonly p: number;
  /** The chosen parameters, in the order of the columns of J. */
  readonly parameters: readonly Parameter[];
  /** f(X; θ̂), [n, c]; belongs to the linearization */
  readonly outputs: Tensor;
  /** J, [n·c, p]; belongs to the linearization */
  readonly jacobian: LinearOperator;
  /** The batches that the inputs were split into, for those who assemble kernels from them. */
  readonly batches: readonly Batch[];
  readonly maps: LinearMaps;
  /** The factors that kernels are assembled from. */
  readonly factors: Factors;
  /** Releases everything, including `outputs` and `jacobian`. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Linearises a network on a set of inputs. The network runs once, here; products with J and Jᵀ need no forward pass.
 *
 * @param x - examples, row-major [n, …exampleShape]; borrowed
 * @returns the linearization; the caller disposes it
 * @throws {ShapeError} if `x` does not hold whole examples
 * @throws {OptionError} if a layer or the batch size is not valid
 * @throws {UnsupportedError} if the backend lacks the dtype
 *
 * Cost: one forward pass. Source: Maddox et al. (2021), section 3.
 */
export async function linearize(network: Network, x: TypedArray, options: LinearizeOptions): Promise<Linearization> {
  const { backend, layers = 'all', factorForm = 'cheapest' } = options;
  const dtype = options.dtype ?? (backend.supports.float64 ? 'float64' : 'float32');
  if (!backend.supports[dtype])
    throw new UnsupportedError(
      `linearize: backend ${backend.name} has no ${dtype}, choose the other dtype or another backend`,
    );
  const n = exampleCount(network, x.length);
  const c = outputCount(network);
  const sizes = batchSizes(n, c, options.batchSize);
  const chosen = selectParameters(network, layers);
  const maps = new LinearMaps(network, chosen, { backend, dtype, ...sizes });
  const batches: Batch[] = [];
  const release = (): void => {
    batches.forEach(disposeBatch);
    maps.dispose();
  };
  try {
    for (const { data, count } of splitExamples(asDType(x, dtype), sizeOf(exampleShape(network)), sizes.batchSize)) {
      batches.push(await maps.batch(data, count));
    }
    const p = parameterCount(maps.derivation);
    const factors = new Factors(maps, batches, factorForm);
    const products = factors.serveProducts ? factoredProducts(maps, factors) : propagatedProducts(maps, batches);
    const counts = batches.map(({ count }) => count);
    const jacobian = jacobianOperator(maps, products, { counts, shape: [n * c, p] });
    const outputs = await joinOutputs(backend, dtype, batches, c);
    const dispose = (): void => {
      outputs.dispose();
      factors.dispose();
      release();
    };
    const parameters = chosen.map((i) => network.parameters[i]!);
    const parts = { network, backend, dtype, n, c, p, parameters, outputs, jacobian, batches, maps, factors };
    return { ...parts, dispose, [Symbol.dispose]: dispose };
  } catch (error) {
    release();
    throw error;
  }
}

/** Rows of a batch: as many as keep what the linear maps store of them within some hundred megabytes for networks of usual width. */
const MAX_BATCH_ROWS = 8192;

/** Rows of a tile of the kernel: enough that products run at full speed, few enough that a tile stays in the cache while its terms are added up. */
const MAX_TILE_ROWS = 512;

/** Batches of nearly equal size that are whole numbers of tiles. */
function batchSizes(n: number, c: number, given: number | undefined): { batchSize: number; tileSize: number } {
  if (given !== undefined && (!Number.isInteger(given) || given < 1)) {
    throw new OptionError(`linearize: got batchSize ${given}, expected a positive integer`);
  }
  const most = Math.max(16, Math.floor(MAX_BATCH_ROWS / c));
  const wanted = given ?? Math.ceil(n / Math.ceil(n / most));
  const tiles = Math.ceil(wanted / Math.max(16, Math.floor(MAX_TILE_ROWS / c)));
  const tileSize = Math.ceil(wanted / tiles);
  return { batchSize: tiles * tileSize, tileSize };
}

/**
 * Batches of equal size; the last is filled up with copies of its last example. They are copies: a backend keeps what it is given, and
 * the caller may write its array again.
 */
function splitExamples(x: TypedArray, exampleSize: number, batchSize: number): { data: TypedArray; count: number }[] {
  const batches = [];
  const length = batchSize * exampleSize;
  for (let start = 0; start < x.length; start += length) {
    const examples = x.subarray(start, start + length);
    const data = allocate(dtypeOf(x), length);
    data.set(examples);
    const last = examples.subarray(examples.length - exampleSize);
    for (let at = examples.length; at < length; at += exampleSize) data.set(last, at);
    batches.push({ data, count: examples.length / exampleSize });
  }
  return batches;
}

async function joinOutputs(backend: Backend, dtype: DType, batches: readonly Batch[], c: number): Promise<Tensor> {
  const n = batches.reduce((sum, batch) => sum + batch.count, 0);
  const joined = allocate(dtype, n * c);
  let row = 0;
  for (const { outputs, count } of batches) {
    joined.set((await backend.read(outputs)).subarray(0, count * c), row * c);
    row += count;
  }
  return backend.upload(joined, [n, c]);
}
