import { OptionError, bytesPerElement, formatBytes, rebatch, sizeOf, type DType, type Network } from '@ntk/tensor';
import { derive, type Derivation } from '../derivation.ts';
import type { FactorForm } from '../factors/factor-form.ts';
import { planFactors, type FactorPlan, type TermPlan } from '../factors/factor-plan.ts';
import { isCheaperFactored } from '../factors/product-cost.ts';
import { selectParameters, type LayerSelection } from '../layers.ts';
import { DEFAULT_MEMORY_BYTES, memoryPlanner, type MemoryOptions, type MemoryPlan } from '../memory/memory-plan.ts';
import { COLUMNS_AT_ONCE } from './kernel-by-products.ts';
import type { KernelCandidate, KernelPlan, LayerPlan, LayerStrategy } from './kernel-candidate.ts';
import { explainKernelPlan } from './explain-kernel-plan.ts';
import { assemblyFor, factorNumbers, factorsCost, productsCost, termPairs, type KernelSize } from './kernel-cost.ts';
import { layoutOf, type KernelOutputs } from './kernel-outputs.ts';

/** How fast a machine is. */
export interface KernelRates {
  /** Multiply-adds a second in matrix products, by dtype. */
  readonly products: Readonly<Record<DType, number>>;
  /** Bytes a second that are read or written. */
  readonly memory: number;
}

/** A kernel to plan. */
export interface KernelPlanOptions {
  /** Examples. */
  readonly n: number;
  /** Examples on the other side of a cross kernel; the kernel of the n examples among themselves unless given. */
  readonly m?: number;
  /** 'all' unless named. */
  readonly layers?: LayerSelection;
  /** 'full' unless named. */
  readonly outputs?: KernelOutputs;
  /** float32 unless named. */
  readonly dtype?: DType;
  /** What `kernelMatrix` is told; `dtype` unless named. Another one leaves no way by products. */
  readonly productDtype?: DType;
  /** Bytes that may be held at once, the kernel included; no bound unless given. */
  readonly memory?: number;
  /** What `linearize` is allowed, by which it chooses batches; 4 GiB unless given. */
  readonly memoryBytes?: number;
  /** The form that `linearize` is told; all are compared unless it is given. */
  readonly factorForm?: FactorForm;
  /** A typical machine with two cores unless given: the same question has the same answer everywhere. */
  readonly rates?: KernelRates;
}

const TYPICAL: KernelRates = { products: { float64: 4e10, float32: 8e10 }, memory: 4e9 };

/**
 * Predicts time and memory of a tangent kernel for every way to compute it, and chooses the fastest that fits. Nothing is run.
 *
 * @throws {OptionError} if a layer does not exist, or nothing fits: with the sizes, and what would fit
 *
 * Cost: deriving the network's Program for one example. Source: Novak, Sohl-Dickstein and Schoenholz (2022), section 3.
 */
export function planKernel(network: Network, options: KernelPlanOptions): KernelPlan {
  return kernelPlanner(network, options.layers ?? 'all')(options);
}

/**
 * `planKernel` for many questions about a network, which is derived once for all of them.
 *
 * @param memoryOf - the `memoryPlanner` of the same network and layers, where there is one already
 */
export function kernelPlanner(
  network: Network,
  layers: LayerSelection,
  memoryOf: (options: MemoryOptions) => MemoryPlan = memoryPlanner(network, layers),
): (options: Omit<KernelPlanOptions, 'layers'>) => KernelPlan {
  const chosen = selectParameters(network, layers);
  const derivation = derive(
    rebatch(network.program, 1),
    chosen.map((i) => i + 1),
    () => false, // as factors are made
  );
  const names = chosen.map((i) => network.parameters[i]!.name);
  const plans = new Map<FactorForm, FactorPlan>();
  const factorsOf = (form: FactorForm): FactorPlan => {
    const plan = plans.get(form) ?? planFactors(derivation, form);
    plans.set(form, plan);
    return plan;
  };
  return (options) => {
    const { n, m = n, outputs = 'full', dtype = 'float32', memory = Infinity, rates = TYPICAL } = options;
    const { memoryBytes: budgetBytes = DEFAULT_MEMORY_BYTES, factorForm, productDtype = dtype } = options;
    const size = { n, m, isSymmetric: options.m === undefined, outputs };
    const sides = (size.isSymmetric ? [n] : [n, m]).map((examples) => memoryOf({ n: examples, dtype, budgetBytes }));
    const context = { derivation, factorsOf, size, names, dtype, productDtype, rates, sides };
    const forms = factorForm === undefined ? (['cheapest', 'positions', 'jacobian'] as const) : [factorForm];
    const candidates = forms.map((form) => byFactors(context, form));
    if (productDtype === dtype) candidates.push(byProducts(context));
    const plan = { ...chosenOf(candidates, context, memory), size, candidates };
    return {
      ...plan,
      explain: () => explainKernelPlan(plan, { outputs: derivation.outputShape[1]!, dtype, productDtype, memory }),
    };
  };
}

/** The fastest that fits: of what `kernelMatrix` is put together from, if any fits of that. */
function chosenOf(candidates: readonly KernelCandidate[], context: Context, memory: number): KernelCandidate {
  const { derivation, factorsOf, size, sides, dtype, productDtype } = context;
  const fitting = candidates.filter(({ bytes }) => bytes <= memory);
  if (fitting.length === 0) throw new OptionError(nothingFits(candidates, memory, size));
  const { factorForm } = candidates[0]!;
  const assembly =
    productDtype === dtype
      ? assemblyFor(derivation, factorsOf(factorForm), size, sides[0]!.factorBatches.batchSize)
      : 'factors';
  const preferred = fitting.filter((candidate) => candidate.assembly === assembly);
  return (preferred.length > 0 ? preferred : fitting).reduce((least, candidate) =>
    candidate.seconds < least.seconds ? candidate : least,
  );
}

interface Context {
  readonly derivation: Derivation;
  readonly factorsOf: (form: FactorForm) => FactorPlan;
  readonly size: KernelSize;
  readonly names: readonly string[];
  readonly dtype: DType;
  readonly productDtype: DType;
  readonly rates: KernelRates;
  /** The memory of each linearization. */
  readonly sides: readonly MemoryPlan[];
}

function byFactors(context: Context, factorForm: FactorForm): KernelCandidate {
  const { derivation, size, dtype, productDtype, rates } = context;
  const factors = context.factorsOf(factorForm);
  const examples = size.isSymmetric ? size.n : size.n + size.m;
  const element = bytesPerElement(dtype);
  const pairRate = rates.products[productDtype];
  const layers = [...factors.terms, ...remainingTerm(derivation, factors)].map((term): LayerPlan => {
    const bytes = examples * factorNumbers(term) * element;
    const seconds = termPairs(term, size) / pairRate + (2 * bytes) / rates.memory;
    return { parameters: namesOf(term, context.names), strategy: strategyOf(term, factors), seconds, bytes };
  });
  const sum = (pick: (layer: LayerPlan) => number): number => layers.reduce((total, layer) => total + pick(layer), 0);
  const held = sum(({ bytes }) => bytes);
  const heldBytes = keptBytes(context) + (servesProducts(context, factors, factorForm) ? 0 : held);
  const making = Math.max(...context.sides.map(({ factorBytes }) => factorBytes));
  const tiles = tileSizes(context, held);
  const kernel = kernelBytes(context);
  return {
    assembly: 'factors',
    factorForm,
    layers,
    // c backward passes, and the kernel is written once from tiles.
    seconds:
      factorsCost(derivation, factors, examples, context.sides[0]!.factorBatches.batchSize) / rates.products[dtype] +
      sum(({ seconds }) => seconds) +
      (tiles.convertedBytes + 3 * kernel) / rates.memory,
    heldBytes,
    // The factors of two batches lie there twice, as they are kept and in tiles, while those of the next are made.
    bytes: heldBytes + making + tiles.bytes + kernel + pairBytes(factors, context),
  };
}

/** What tiles take: their bytes at the peak, and the bytes that are moved for them in all where products are in another dtype than factors. */
function tileSizes(
  { size, sides, dtype, productDtype }: Context,
  heldBytes: number,
): { readonly bytes: number; readonly convertedBytes: number } {
  const examples = size.isSymmetric ? size.n : size.n + size.m;
  const batches = sides.map(({ factorBatches }) => factorBatches.batchSize);
  const together = batches.reduce((total, batchSize) => total + batchSize, 0) * (size.isSymmetric ? 2 : 1);
  const tiles = heldBytes * Math.min(1, together / examples);
  if (productDtype === dtype) return { bytes: tiles, convertedBytes: 0 };
  const ratio = bytesPerElement(productDtype) / bytesPerElement(dtype);
  // Those of the second side are made for each batch of the first; of one side with itself, for the batches before it.
  const rounds = Math.ceil(size.n / batches[0]!);
  const made = heldBytes * (size.isSymmetric ? (rounds + 1) / 2 : (size.n + rounds * size.m) / examples);
  // Read from the backend, and written and read on their way back; both dtypes of a batch lie there, on the backend and on the host.
  return { bytes: tiles * (ratio + Math.max(1, ratio)), convertedBytes: made * (2 + 4 * ratio) };
}

/** A bound for the bytes of a tile of the kernel and what goes into it, four numbers for each pair of positions: a tile Program takes no more pairs at once. */
const MAX_PAIR_BYTES = 2 ** 26;

function pairBytes({ terms }: FactorPlan, { derivation, size }: Context): number {
  const { count, rowsPerExample } = layoutOf(size.outputs, derivation.outputShape[1]!);
  const positions = Math.max(1, ...terms.map(({ sensitivities }) => sensitivities[2]!));
  return Math.min(MAX_PAIR_BYTES, 4 * 8 * count * rowsPerExample ** 2 * positions ** 2 * size.n * size.m);
}

function byProducts(context: Context): KernelCandidate {
  const { derivation, size, names, dtype, rates } = context;
  const factors = context.factorsOf('cheapest');
  const c = derivation.outputShape[1]!;
  const products = productsCost(derivation, factors, (size.n + size.m) / 2) * size.m * c;
  const kernel = kernelBytes(context);
  const seconds = products / rates.products[dtype] + (3 * kernel) / rates.memory;
  const working = Math.max(
    ...context.sides.map(
      (side) => side.workingBytes + (Math.min(side.columns, COLUMNS_AT_ONCE) - 1) * side.columnBytes,
    ),
  );
  return {
    assembly: 'products',
    factorForm: 'cheapest',
    layers: [{ parameters: names, strategy: 'products', seconds, bytes: working }],
    seconds,
    heldBytes: keptBytes(context),
    bytes: keptBytes(context) + working + kernel,
  };
}

/** What the linearizations keep. */
function keptBytes({ sides }: Context): number {
  return sides.reduce((sum, side) => sum + side.keptBytes, 0);
}

/** Whether the factors are what the linearizations keep for products. */
function servesProducts({ derivation, sides }: Context, factors: FactorPlan, form: FactorForm): boolean {
  return (
    form === 'cheapest' && isCheaperFactored(derivation, factors) && sides.every(({ keepsBatches }) => keepsBatches)
  );
}

function kernelBytes({ derivation, size }: Context): number {
  const { count, rowsPerExample } = layoutOf(size.outputs, derivation.outputShape[1]!);
  return count * rowsPerExample ** 2 * size.n * size.m * 8;
}

/** The rows of J of parameters that have no factors, as a term. */
function remainingTerm({ outputShape, chosenShapes }: Derivation, { remaining }: FactorPlan): TermPlan[] {
  if (remaining.length === 0) return [];
  const width = remaining.reduce((sum, parameter) => sum + sizeOf(chosenShapes[parameter]!), 0);
  const blocks = remaining.map((parameter) => ({
    parameter,
    factor: 'sensitivities' as const,
    start: 0,
    size: sizeOf(chosenShapes[parameter]!),
    transposed: false,
  }));
  return [{ activations: null, indices: null, sensitivities: [1, outputShape[1]!, 1, width], blocks }];
}

function namesOf({ blocks }: TermPlan, names: readonly string[]): string[] {
  return blocks.map(({ parameter }) => names[parameter]!);
}

function strategyOf({ activations, indices, sensitivities, blocks }: TermPlan, plan: FactorPlan): LayerStrategy {
  if (plan.remaining.includes(blocks[0]!.parameter)) return 'rows of J';
  if (indices !== null && activations === null) return 'index equality';
  if (activations === null) return 'layer Jacobian';
  return sensitivities[2] === 1 ? 'structured' : 'positions';
}

function nothingFits(candidates: readonly KernelCandidate[], memory: number, size: KernelSize): string {
  const least = candidates.reduce((best, candidate) => (candidate.bytes < best.bytes ? candidate : best));
  return (
    `planKernel: got a memory of ${formatBytes(memory)} for the kernel of ${size.n} × ${size.m} examples, expected at least ${formatBytes(least.bytes, 'up')}; ` +
    'allow that much, take fewer examples or layers, keep less of the outputs, or use products with ntkOperator'
  );
}
