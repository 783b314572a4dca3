import {
  OptionError,
  UnsupportedError,
  allocate,
  asDType,
  dtypeOf,
  exampleCount,
  exampleShape,
  formatBytes,
  outputCount,
  rebatch,
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
import { Batches, type Batch, type BatchInputs } from './batches.ts';
import type { FactorForm } from './factors/factor-form.ts';
import { Factors } from './factors/factors.ts';
import { jacobianOperator, kernelProduct } from './jacobian-operator.ts';
import { selectParameters, type LayerSelection } from './layers.ts';
import { LinearMaps } from './linear-maps.ts';
import { parameterCount } from './linear-programs.ts';
import { DEFAULT_MEMORY_BYTES, planMemory, type MemoryPlan } from './memory/memory-plan.ts';
import { foldConvolutions } from './simplify/fold-convolutions.ts';

/** How and where to linearise. */
export interface LinearizeOptions {
  readonly backend: Backend;
  /** dtype of the products; float64 where the backend has it, unless named. */
  readonly dtype?: DType;
  /** Layers whose parameters vary; 'all' unless named. */
  readonly layers?: LayerSelection;
  /**
   * Prior standard deviations of the weights by layer, positive; 1 for layers that are not named. All products and kernels are those of J S^{1/2}, so that
   * weights are found in units of them.
   */
  readonly scales?: Readonly<Record<string, number>>;
  /** Examples that go through the network at a time; chosen by memory, at most 8,192 rows, examples times outputs, unless named. */
  readonly batchSize?: number;
  /**
   * Bytes that products with J and Jᵀ may take at their peak: coefficients, windows of convolutions and intermediate values, not what the process takes
   * anyway. 4 GiB unless named. Where not everything fits, batches become smaller, windows are laid out and batches linearised for each product.
   */
  readonly memoryBytes?: number;
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
  /** U ↦ J JᵀU, [k, n·c], what `ntkOperator` multiplies by once it has checked the shape of U; the caller disposes the result */
  readonly kernelProduct: (u: Tensor) => Promise<Tensor>;
  /** How products stay within their memory. */
  readonly memory: MemoryPlan;
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
 * Linearises a network on a set of inputs. The network runs once, here; products with J and Jᵀ need no forward pass, unless what they need of it does not fit
 * in `memoryBytes` (`memory.keepsBatches`). Factors of a network whose convolutions were folded take one more pass at their first use.
 *
 * @param x - examples, row-major [n, …exampleShape]; borrowed
 * @returns the linearization; the caller disposes it
 * @throws {ShapeError} if `x` does not hold whole examples
 * @throws {OptionError} if a layer or the batch size is not valid, or not even one example fits in `memoryBytes`
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
  checkCounts(options);
  const chosen = selectParameters(network, layers);
  const scales = scalesOf(network, chosen, options.scales ?? {});
  const { memoryBytes: budgetBytes = DEFAULT_MEMORY_BYTES, batchSize } = options;
  const memory = planMemory(network, chosen, {
    n,
    dtype,
    budgetBytes,
    ...(batchSize === undefined ? {} : { batchSize }),
  });
  const splitBy = (size: number): BatchInputs[] =>
    splitExamples(asDType(x, dtype), sizeOf(exampleShape(network)), size);
  const batches = splitBy(memory.factorBatches.batchSize);
  const productBatches = memory.batchSize === memory.factorBatches.batchSize ? batches : splitBy(memory.batchSize);
  const held: { dispose(): void }[] = [];
  const dispose = (): void =>
    held
      .splice(0)
      .reverse()
      .forEach((part) => part.dispose());
  const hold = <T extends Owned>(part: T): T => (held.push(part), part);
  try {
    const setting = { network, chosen, scales, backend, dtype, factorForm, memory, batches, productBatches };
    const parts = await makeParts(setting, hold);
    return { ...parts, dispose, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

function checkCounts({ batchSize, memoryBytes }: LinearizeOptions): void {
  checkCount('batchSize', batchSize, 'to have it chosen by memory');
  checkCount('memoryBytes', memoryBytes, `for ${formatBytes(DEFAULT_MEMORY_BYTES)}`);
}

function checkCount(name: string, value: number | undefined, otherwise: string): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return;
  throw new OptionError(`linearize: got ${name} ${value}, expected a positive integer; leave it out ${otherwise}`);
}

/** One factor for each chosen parameter. */
function scalesOf(network: Network, chosen: readonly number[], scales: Readonly<Record<string, number>>): number[] {
  const layers = new Set(chosen.map((i) => network.parameters[i]!.layer));
  for (const [layer, scale] of Object.entries(scales)) {
    if (!layers.has(layer))
      throw new OptionError(`linearize: got a scale for '${layer}', expected some of: ${[...layers].join(', ')}`);
    if (!(scale > 0 && Number.isFinite(scale)))
      throw new OptionError(`linearize: got scale ${scale} for '${layer}', expected a positive number`);
  }
  return chosen.map((i) => scales[network.parameters[i]!.layer] ?? 1);
}

interface Owned {
  dispose(): void;
}

/** What a linearization is made of, its options settled. */
interface Setting extends Pick<Linearization, 'network' | 'backend' | 'dtype' | 'memory'> {
  /** Positions in `network.parameters`. */
  readonly chosen: readonly number[];
  readonly scales: readonly number[];
  readonly factorForm: FactorForm;
  /** For factors, and for products that follow the network. */
  readonly batches: readonly BatchInputs[];
  readonly productBatches: readonly BatchInputs[];
}

/**
 * Compiles and runs the network, and makes J.
 *
 * @param hold - takes what the linearization will own, as soon as it exists
 */
async function makeParts(
  { chosen, scales, factorForm, productBatches, ...setting }: Setting,
  hold: <T extends Owned>(part: T) => T,
): Promise<Omit<Linearization, keyof Disposable | 'dispose'>> {
  const { network, backend, dtype, memory, batches } = setting;
  const { maps, productMaps } = bothMaps(network, chosen, { ...setting, scales }, hold);
  const factorPoints = hold(new Batches(maps, batches, maps === productMaps && memory.keepsBatches));
  const factors = hold(new Factors(maps, factorPoints, { form: factorForm, mayServeProducts: memory.keepsBatches }));
  const keepsPoints = memory.keepsBatches && !factors.serveProducts;
  const points = maps === productMaps ? factorPoints : hold(new Batches(productMaps, productBatches, keepsPoints));
  const products = factors.serveProducts ? factoredProducts(maps, factors) : propagatedProducts(productMaps, points);
  const { all: multiplied } = factors.serveProducts ? factorPoints : points;
  const n = batches.reduce((sum, { count }) => sum + count, 0);
  const c = outputCount(network);
  const p = parameterCount(maps.derivation);
  const layout = { counts: multiplied.map(({ count }) => count), shape: [n * c, p], columns: memory.columns } as const;
  const operands = [factors.serveProducts ? maps : productMaps, products, layout] as const;
  const jacobian = jacobianOperator(...operands);
  const outputs = hold(await joinOutputs(points, { backend, dtype, c }));
  // An engine keeps the working memory of what it compiled; the forward pass is not run again.
  if (memory.keepsBatches) productMaps.releaseExecutable('primal');
  const parameters = chosen.map((i) => network.parameters[i]!);
  return {
    ...setting,
    n,
    c,
    p,
    parameters,
    outputs,
    jacobian,
    kernelProduct: kernelProduct(...operands),
    maps,
    factors,
  };
}

/** What products are made with, and what factors are made with: the same unless convolutions are folded, whose parameters have no factors then. */
function bothMaps(
  network: Network,
  chosen: readonly number[],
  { backend, dtype, memory, scales }: Pick<Setting, 'backend' | 'dtype' | 'memory' | 'scales'>,
  hold: (maps: LinearMaps) => LinearMaps,
): { readonly maps: LinearMaps; readonly productMaps: LinearMaps } {
  const { batchSize, factorBatches, storedWindows } = memory;
  const options = { backend, dtype, scales, ...factorBatches };
  const maps = hold(new LinearMaps(network, chosen, { ...options, storesWindows: () => false }));
  const own = rebatch(network.program, batchSize);
  const program = foldConvolutions(
    own,
    chosen.map((i) => i + 1),
  );
  if (program === own) return { maps, productMaps: maps };
  const storesWindows = (node: number): boolean => storedWindows.has(node);
  return {
    maps,
    productMaps: hold(new LinearMaps(network, chosen, { ...options, batchSize, program, storesWindows })),
  };
}

/**
 * Batches of equal size; the last is filled up with copies of its last example. They are copies: a backend keeps what it is given, and
 * the caller may write its array again.
 */
function splitExamples(x: TypedArray, exampleSize: number, batchSize: number): BatchInputs[] {
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

async function joinOutputs(
  points: Batches,
  { backend, dtype, c }: { readonly backend: Backend; readonly dtype: DType; readonly c: number },
): Promise<Tensor> {
  const n = points.all.reduce((sum, { count }) => sum + count, 0);
  const joined = allocate(dtype, n * c);
  let row = 0;
  for (const [batch, { count }] of points.all.entries()) {
    const start = row * c;
    await points.use(batch, async ({ outputs }) => {
      joined.set((await backend.read(outputs)).subarray(0, count * c), start);
    });
    row += count;
  }
  return backend.upload(joined, [n, c]);
}
