import { NtkError, bytesPerElement, rebatch, sizeOf, type DType, type Network, type Program } from '@ntk/tensor';
import { derive, type Derivation } from '../derivation.ts';
import { planFactors } from '../factors/factor-plan.ts';
import { isCheaperFactored } from '../factors/product-cost.ts';
import { readsTransposed } from '../factors/transposed-activations.ts';
import { cotangentProgram, parameterCount, tangentProgram } from '../linear-programs.ts';
import { foldConvolutions } from '../simplify/fold-convolutions.ts';
import { MAX_BATCH_ROWS } from './batch-size.ts';
import { peakNumbers } from './program-memory.ts';

/** Bytes that a linearization takes, as they grow with examples. */
export interface MemoryCost {
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

/**
 * Counts what linearizations of a network take.
 *
 * @param chosen - positions in `network.parameters`
 *
 * Cost: deriving the network's Program for one example and for many.
 */
export function memoryCost(network: Network, chosen: readonly number[], dtype: DType): MemoryCost {
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
    // Batch by batch, factors take the place of coefficients, and transposed activations join them at the first product with Jᵀ.
    kept: input + (factors.serve ? factors.kept + Math.max(coefficients, factors.transposed) : coefficients),
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

/** The numbers of the factors and of what products read transposed, the most that are alive while they are computed, and whether products are made from them. */
function factorSizes(
  derivation: Derivation,
  dtype: DType,
): { readonly kept: number; readonly transposed: number; readonly peak: number; readonly serve: boolean } {
  const plan = planFactors(derivation);
  const shapes = plan.terms.flatMap(({ activations, indices, sensitivities }) => [activations, indices, sensitivities]);
  return {
    kept: shapes.reduce((sum, shape) => sum + sizeOf(shape ?? [0]), 0),
    transposed: plan.terms.filter(readsTransposed).reduce((sum, { activations }) => sum + sizeOf(activations!), 0),
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
