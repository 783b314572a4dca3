import {
  NtkError,
  OptionError,
  bytesPerElement,
  outputCount,
  rebatch,
  sizeOf,
  type DType,
  type Network,
  type Program,
} from '@ntk/tensor';
import { derive, type Derivation } from '../derivation.ts';
import { planFactors } from '../factors/factor-plan.ts';
import { isCheaperFactored } from '../factors/product-cost.ts';
import { cotangentProgram, parameterCount, tangentProgram } from '../linear-programs.ts';
import { foldConvolutions } from '../simplify/fold-convolutions.ts';
import { evenBatches, inTiles, type BatchSizes } from './batch-size.ts';
import { ENGINE, peakNumbers } from './program-memory.ts';

/** How a linearization stays within its memory, for products with J and Jᵀ. */
export interface MemoryPlan extends BatchSizes {
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

/** Rows of a batch that `linearize` chooses, examples times outputs, at most: beyond, products gain nothing. */
export const MAX_BATCH_ROWS = 8192;

/**
 * Numbers in the widest images of a batch: passes over them then stay in the cache. Measured for ResNet-20, 128 images: in batches of 32 products take two thirds of the
 * time that they take at once.
 */
const CACHED_NUMBERS = 2 ** 19;

/** Share of the budget that intermediate values may take before batches become smaller. */
export const WORKING_SHARE = 0.25;

/**
 * Chooses batches, what is kept, and how many right-hand sides go together. In this order: everything kept, with as many windows as fit; batches computed anew
 * for each product, as large as fit.
 *
 * @param chosen - positions in `network.parameters`
 * @throws {OptionError} if not even one example fits
 */
export function planMemory(network: Network, chosen: readonly number[], options: MemoryOptions): MemoryPlan {
  const { n, dtype, budgetBytes } = options;
  const c = outputCount(network);
  const cost = memoryCost(network, chosen, dtype);
  const cached = cost.windows.size === 0 ? Infinity : CACHED_NUMBERS / cost.widest;
  const share = (budgetBytes * WORKING_SHARE) / ENGINE;
  const most = Math.min(
    Math.max(16, Math.floor(Math.min(MAX_BATCH_ROWS / c, cached))),
    examplesWithin(cost.factors, share),
  );
  const sized = (limit: number): BatchSizes =>
    options.batchSize === undefined
      ? evenBatches(n, c, Math.max(1, Math.min(most, limit)))
      : inTiles(options.batchSize, c);
  const limit = Math.min(examplesWithin(cost.primal, share), examplesWithin(cost.products, share));
  const kept = keptBatches(cost, options, sized(limit));
  const decision = kept ?? passingBatches(cost, options, sized);
  const { keptBytes, workingBytes, batchSize } = decision;
  if (keptBytes + workingBytes > budgetBytes) throw new OptionError(tooLittle(options, decision));
  const more = Math.floor((budgetBytes - keptBytes - workingBytes) / (ENGINE * cost.products(batchSize)));
  return {
    budgetBytes,
    ...decision,
    convolutions: cost.windows.size,
    columns: 1 + more,
    peakBytes: keptBytes + workingBytes,
  };
}

type Decision = Omit<MemoryPlan, 'budgetBytes' | 'convolutions' | 'columns' | 'peakBytes'>;

function tooLittle(options: MemoryOptions, { keptBytes, workingBytes, batchSize }: Decision): string {
  const needed = Math.ceil(keptBytes + workingBytes);
  const remedy =
    options.batchSize === undefined ? 'or choose fewer layers' : 'choose a smaller batchSize or fewer layers';
  return `linearize: got a memory of ${options.budgetBytes} bytes, expected at least ${needed} for batches of ${batchSize} examples; allow that much, ${remedy}`;
}

/** The most examples whose cost, which is linear in them, stays within a limit. */
function examplesWithin(cost: (examples: number) => number, limit: number): number {
  return Math.floor((limit - cost(0)) / (cost(1) - cost(0)));
}

/** The decision to keep the coefficients of all batches, with as many windows as fit; null if they do not fit. */
function keptBatches(cost: MemoryCost, { n, budgetBytes }: MemoryOptions, sizes: BatchSizes): Decision | null {
  const { batchSize } = sizes;
  const examples = Math.ceil(n / batchSize) * batchSize;
  let keptBytes = cost.shared + examples * cost.kept;
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
  sized: (limit: number) => BatchSizes,
): Decision {
  const keptBytes = cost.shared + n * cost.input;
  const passing = (examples: number): number =>
    ENGINE * (cost.primal(examples) + cost.products(examples) + examples * cost.kept);
  const sizes = sized(examplesWithin(passing, budgetBytes - keptBytes));
  return { ...sizes, keepsBatches: false, storedWindows: new Set(), keptBytes, workingBytes: passing(sizes.batchSize) };
}

/** Bytes that a linearization takes, as they grow with examples. */
interface MemoryCost {
  /** Weights, vectors of parameters. */
  readonly shared: number;
  /** An example. */
  readonly input: number;
  /** What is kept of an example without windows, the example included. */
  readonly kept: number;
  /** Numbers in the widest differentiated value of an example. */
  readonly widest: number;
  /** What the windows of each convolution take beside that for an example, by number of node. */
  readonly windows: ReadonlyMap<number, number>;
  /** The values of the forward pass, coefficients included, for a batch of some examples; an upper bound, linear in them. */
  readonly primal: (examples: number) => number;
  /** Those of a product with J and one with Jᵀ, for one right-hand side. */
  readonly products: (examples: number) => number;
  /** Those while the factors that kernels are made of are computed, which has as many right-hand sides as outputs. */
  readonly factors: (examples: number) => number;
}

function memoryCost(network: Network, chosen: readonly number[], dtype: DType): MemoryCost {
  const bytes = bytesPerElement(dtype);
  const [one, many, count] = numbersForOneAndMany(network, chosen, dtype);
  // The most that is held at once is a maximum of functions linear in the examples, and so below this chord.
  const chord = (of: (numbers: Numbers) => number) => (examples: number) =>
    bytes * (of(one) + ((examples - 1) * (of(many) - of(one))) / (count - 1));
  const weights = network.values.reduce((sum, { length }) => sum + length, 0);
  return {
    shared: bytes * (2 * weights + 3 * one.parameters),
    input: bytes * one.input,
    kept: bytes * one.kept,
    widest: one.widest,
    windows: new Map([...one.windows].map(([node, size]) => [node, bytes * size])),
    primal: chord(({ primal }) => primal),
    products: chord(({ products }) => products),
    factors: chord(({ factors }) => factors),
  };
}

/** What one example takes, and many; in proportion where a Program holds its number of examples in an attribute and is valid for no other. */
function numbersForOneAndMany(network: Network, chosen: readonly number[], dtype: DType): [Numbers, Numbers, number] {
  const numbersOf = (examples: number): Numbers => numbersFor(network, chosen, { examples, dtype });
  try {
    return [numbersOf(1), numbersOf(MAX_BATCH_ROWS), MAX_BATCH_ROWS];
  } catch (error) {
    if (!(error instanceof NtkError)) throw error;
    const examples = network.program.inputs[0]!.shape[0]!;
    const all = numbersOf(examples);
    return [scaled(all, 1 / examples), scaled(all, 2 / examples), 2];
  }
}

function scaled(numbers: Numbers, factor: number): Numbers {
  const { parameters, windows, ...rest } = numbers;
  return {
    ...(Object.fromEntries(Object.entries(rest).map(([name, size]) => [name, size * factor])) as typeof rest),
    parameters,
    windows: new Map([...windows].map(([node, size]) => [node, size * factor])),
  };
}

/** Numbers that a batch of some examples takes. */
interface Numbers {
  readonly parameters: number;
  readonly input: number;
  readonly kept: number;
  readonly widest: number;
  readonly windows: ReadonlyMap<number, number>;
  readonly primal: number;
  readonly products: number;
  readonly factors: number;
}

function numbersFor(
  network: Network,
  chosen: readonly number[],
  { examples, dtype }: { readonly examples: number; readonly dtype: DType },
): Numbers {
  const inputs = chosen.map((i) => i + 1);
  const own = rebatch(network.program, examples);
  const program = foldConvolutions(own, inputs);
  const derivation = derive(program, inputs, () => false);
  const input = sizeOf(program.inputs[0]!.shape);
  const coefficients = derivation.sourceShapes.reduce((sum, shape, i) => {
    const source = derivation.sources[i]!;
    return derivation.sourceShared[i] || ('input' in source && source.input === 0) ? sum : sum + sizeOf(shape);
  }, 0);
  const factors = factorSizes(own === program ? derivation : derive(own, inputs, () => false), dtype);
  const peak = (each: Program): number => peakNumbers(each, dtype);
  return {
    parameters: parameterCount(derivation),
    input,
    kept: input + coefficients + (factors.serve ? factors.kept : 0),
    widest: Math.max(
      1,
      ...derivation.nodes.map(({ shape, exampleAxis }) => (exampleAxis === null ? 0 : sizeOf(shape))),
    ),
    windows: windowSizes(derive(program, inputs)),
    primal: Math.max(peak(derivation.primal), factors.serve ? factors.peak : 0),
    products: peak(tangentProgram(derivation, 1)) + peak(cotangentProgram(derivation, 1)),
    factors: factors.peak,
  };
}

/** The numbers of the factors, the most that are alive while they are computed, and whether products are made from them. */
function factorSizes(
  derivation: Derivation,
  dtype: DType,
): { readonly kept: number; readonly peak: number; readonly serve: boolean } {
  const plan = planFactors(derivation);
  const shapes = plan.terms.flatMap(({ activations, indices, sensitivities }) => [activations, indices, sensitivities]);
  return {
    kept: shapes.reduce((sum, shape) => sum + sizeOf(shape ?? [0]), 0),
    peak: peakNumbers(plan.program, dtype),
    serve: isCheaperFactored(derivation, plan),
  };
}

/** Of a derivation that stores all windows: their sizes, by numbers of nodes. */
function windowSizes({ nodes, sourceShapes }: Derivation): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const { op, active, coefficients, number } of nodes) {
    if (op !== 'conv2d' || !active[1]) continue;
    const windows = coefficients.at(-1)!;
    if ('index' in windows) sizes.set(number, sizeOf(sourceShapes[windows.index]!));
  }
  return sizes;
}
