import { OptionError, outputCount, type DType, type Network } from '@ntk/tensor';
import { selectParameters, type LayerSelection } from '../layers.ts';
import { MAX_BATCH_ROWS, evenBatches, inTiles, type BatchSizes } from './batch-size.ts';
import { memoryCost, type MemoryCost } from './memory-cost.ts';
import { ENGINE } from './program-memory.ts';

/** How a linearization stays within its memory, for products with J and Jᵀ. */
export interface MemoryPlan {
  /** Examples that products take at a time. */
  readonly batchSize: number;
  /** Examples whose factors are computed at a time: fewer where these take much, as the sensitivities of all layers to all outputs do. */
  readonly factorBatches: BatchSizes;
  /** What it was allowed, in bytes. */
  readonly budgetBytes: number;
  /** Whether what products need of every batch is kept, or computed anew, by a forward pass, for each product. */
  readonly keepsBatches: boolean;
  /** Convolutions, by numbers of nodes, whose windows are laid out once; all others lay theirs out for each product. */
  readonly storedWindows: ReadonlySet<number>;
  /** How many convolutions have windows. */
  readonly convolutions: number;
  /** Right-hand sides that products take at a time. */
  readonly columns: number;
  /** Inputs, weights, coefficients and windows, in bytes. */
  readonly keptBytes: number;
  /** Intermediate values of a forward pass and of products with one right-hand side, in bytes. */
  readonly workingBytes: number;
  /** Those of products with a further right-hand side, in bytes. */
  readonly columnBytes: number;
  /** Intermediate values while the factors of a batch are computed, in bytes; not in the peak, which is that of products. */
  readonly factorBytes: number;
  /** The sum of both. */
  readonly peakBytes: number;
}

/** What `planMemory` plans for. */
export interface MemoryOptions {
  readonly n: number;
  readonly dtype: DType;
  readonly budgetBytes: number;
  /** Examples of a batch, if the caller said so. */
  readonly batchSize?: number;
}

/** Bytes that a linearization may take unless its caller says otherwise. */
export const DEFAULT_MEMORY_BYTES: number = 2 ** 32;

/**
 * Numbers in the widest images of a batch, times right-hand sides: passes over them then stay in the cache. Measured for ResNet-20, 128 images: in batches of 32 products take two
 * thirds of the time that they take at once, and with 8 right-hand sides one by one nine tenths of that with all.
 */
const CACHED_NUMBERS = 2 ** 19;

/** Share of the budget that intermediate values may take before batches become smaller. */
const WORKING_SHARE = 0.25;

/**
 * Chooses batches, what is kept, and how many right-hand sides go together. In this order: everything kept, with as many windows as fit; batches computed anew
 * for each product, as large as fit.
 *
 * @param chosen - positions in `network.parameters`
 * @throws {OptionError} if not even one example fits
 */
export function planMemory(network: Network, chosen: readonly number[], options: MemoryOptions): MemoryPlan {
  const plan = memoryFor(outputCount(network), memoryCost(network, chosen, options.dtype), options);
  if (plan.peakBytes > options.budgetBytes) throw new OptionError(tooLittle(options, plan));
  return plan;
}

/**
 * `planMemory` for many questions about a network, which is derived once a dtype. Where not even one example fits it does not throw: `peakBytes` is then more
 * than what is allowed.
 *
 * Cost: deriving the network's Program for few and for many examples.
 */
export function memoryPlanner(network: Network, layers: LayerSelection): (options: MemoryOptions) => MemoryPlan {
  const chosen = selectParameters(network, layers);
  const costs = new Map<DType, MemoryCost>();
  return (options) => {
    const { dtype } = options;
    const cost = costs.get(dtype) ?? memoryCost(network, chosen, dtype);
    costs.set(dtype, cost);
    return memoryFor(outputCount(network), cost, options);
  };
}

function memoryFor(c: number, cost: MemoryCost, options: MemoryOptions): MemoryPlan {
  const { n, budgetBytes } = options;
  const cached = cost.windows.size === 0 ? Infinity : CACHED_NUMBERS / cost.widest;
  const share = (budgetBytes * WORKING_SHARE) / ENGINE;
  const most = Math.max(16, Math.floor(Math.min(MAX_BATCH_ROWS / c, cached)));
  const factorLimit = examplesWithin(cost.factors, share);
  const sized = (limit: number): Sizes => {
    const fixed = options.batchSize === undefined ? undefined : inTiles(options.batchSize, c);
    const all = fixed?.batchSize ?? Math.max(1, Math.min(most, limit));
    const factorBatches = evenBatches(options.batchSize ?? n, c, Math.max(1, Math.min(all, factorLimit)));
    // Without convolutions products and factors come from the same passes.
    if (cost.windows.size === 0) return sameSizes(fixed ?? factorBatches);
    return { batchSize: fixed?.batchSize ?? evenBatches(n, c, all).batchSize, factorBatches };
  };
  const limit = Math.min(examplesWithin(cost.primal, share), examplesWithin(cost.products, share));
  const kept = keptBatches(cost, options, sized(limit));
  const decision = kept ?? passingBatches(cost, options, sized);
  const { keptBytes, workingBytes, batchSize, factorBatches } = decision;
  const columnBytes = ENGINE * cost.products(batchSize);
  const more = Math.max(0, Math.floor((budgetBytes - keptBytes - workingBytes) / columnBytes));
  const cachedColumns = Math.max(1, Math.floor(cached / batchSize));
  return {
    budgetBytes,
    ...decision,
    convolutions: cost.windows.size,
    columns: Math.min(1 + more, cachedColumns),
    columnBytes,
    factorBytes: ENGINE * cost.factors(factorBatches.batchSize),
    peakBytes: keptBytes + workingBytes,
  };
}

type Sizes = Pick<MemoryPlan, 'batchSize' | 'factorBatches'>;

function sameSizes(factorBatches: BatchSizes): Sizes {
  return { batchSize: factorBatches.batchSize, factorBatches };
}

type Decision = Sizes & Pick<MemoryPlan, 'keepsBatches' | 'storedWindows' | 'keptBytes' | 'workingBytes'>;

function tooLittle(options: MemoryOptions, { peakBytes, batchSize }: MemoryPlan): string {
  const needed = Math.ceil(peakBytes);
  const remedy =
    options.batchSize === undefined ? 'or choose fewer layers' : 'choose a smaller batchSize or fewer layers';
  return `linearize: got a memory of ${options.budgetBytes} bytes, expected at least ${needed} for batches of ${batchSize} examples; allow that much, ${remedy}`;
}

/** The most examples whose cost, which is linear in them, stays within a limit. */
function examplesWithin(cost: (examples: number) => number, limit: number): number {
  return Math.floor((limit - cost(0)) / (cost(1) - cost(0)));
}

/** The decision to keep the coefficients of all batches, with as many windows as fit; null if they do not fit. */
function keptBatches(cost: MemoryCost, { n, budgetBytes }: MemoryOptions, sizes: Sizes): Decision | null {
  const { batchSize } = sizes;
  const examples = Math.ceil(n / batchSize) * batchSize;
  let keptBytes = cost.shared + examples * cost.kept + inputsOfFactors(cost, n, sizes);
  // The engine may keep what it made for the forward pass, ready for another one.
  let workingBytes = ENGINE * (cost.primal(batchSize) + cost.products(batchSize));
  if (keptBytes + workingBytes > budgetBytes) return null;
  const storedWindows = new Set<number>();
  for (const [node, bytes] of cost.windows) {
    // The forward pass of a batch holds its own windows until they are handed over.
    const more = (examples + ENGINE * batchSize) * bytes;
    if (keptBytes + workingBytes + more > budgetBytes) continue;
    keptBytes += examples * bytes;
    workingBytes += ENGINE * batchSize * bytes;
    storedWindows.add(node);
  }
  return { ...sizes, keepsBatches: true, storedWindows, keptBytes, workingBytes };
}

/** The decision to keep the inputs alone and to linearise batch after batch, the coefficients of the last one perhaps not yet given back. */
function passingBatches(
  cost: MemoryCost,
  { n, budgetBytes }: MemoryOptions,
  sized: (limit: number) => Sizes,
): Decision {
  const passing = (examples: number): number =>
    ENGINE * (cost.primal(examples) + cost.products(examples) + examples * cost.kept);
  // Inputs are kept twice at most.
  const sizes = sized(examplesWithin(passing, budgetBytes - cost.shared - 2 * n * cost.input));
  const keptBytes = cost.shared + n * cost.input + inputsOfFactors(cost, n, sizes);
  return { ...sizes, keepsBatches: false, storedWindows: new Set(), keptBytes, workingBytes: passing(sizes.batchSize) };
}

/** Bytes of the inputs in batches of their own for factors. */
function inputsOfFactors({ input }: MemoryCost, n: number, { batchSize, factorBatches }: Sizes): number {
  if (factorBatches.batchSize === batchSize) return 0;
  return Math.ceil(n / factorBatches.batchSize) * factorBatches.batchSize * input;
}
