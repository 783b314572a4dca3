import { rebatch, sizeOf, type Network } from '@ntk/tensor';
import { derive, type Derivation } from './derivation.ts';
import { planFactors } from './factors/factor-plan.ts';
import { factoredCost, isCheaperFactored, propagatedCost } from './factors/product-cost.ts';
import { factorNumbers as numbersOf, termPairs } from './gram/kernel-cost.ts';
import { selectParameters, type LayerSelection } from './layers.ts';

/** What a linearization costs for each example. Multiply-adds count reading or writing a number as what that takes of them. */
export interface LinearizationCost {
  /** c. */
  readonly outputs: number;
  /** p. */
  readonly parameters: number;
  /** Multiply-adds of J v for one right-hand side. */
  readonly tangent: number;
  /** Multiply-adds of Jᵀu for one right-hand side. */
  readonly cotangent: number;
  /** Multiply-adds of the factors that kernels and an explicit Jacobian are made from. */
  readonly factors: number;
  /** Multiply-adds of the kernel between two examples, [c, c]. */
  readonly kernelPair: number;
  /** Numbers that are kept for products. */
  readonly kept: number;
  /** Numbers in the factors, which are kept once they are made. */
  readonly factorNumbers: number;
}

/**
 * Counts what products, factors and kernels of a network's linearization cost for each example, without running anything.
 *
 * @throws {OptionError} if a layer does not exist
 *
 * Cost: deriving the network's Program for one example.
 */
export function linearizationCost(network: Network, layers: LayerSelection): LinearizationCost {
  const chosen = selectParameters(network, layers);
  const derivation = derive(
    rebatch(network.program, 1),
    chosen.map((i) => i + 1),
  );
  const plan = planFactors(derivation);
  const [, c] = derivation.outputShape as [number, number];
  const p = derivation.chosenShapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const propagated = sumOf(derivation.nodes, propagatedCost);
  const isFactored = isCheaperFactored(derivation, plan);
  const product = isFactored ? sumOf(plan.terms, factoredCost) : propagated;
  const rows = sumOf(plan.remaining, (i) => sizeOf(derivation.chosenShapes[i]!)); // of J, for what has no factors
  const factorNumbers = sumOf(plan.terms, numbersOf) + c * rows;
  const kept = keptNumbers(derivation);
  return {
    outputs: c,
    parameters: p,
    tangent: product,
    cotangent: isFactored ? product : 2 * propagated,
    factors: c * 2 * propagated,
    kernelPair: sumOf(plan.terms, (term) => termPairs(term, ONE_PAIR)) + c * c * rows,
    kept: isFactored ? factorNumbers : kept,
    factorNumbers,
  };
}

const ONE_PAIR = { n: 1, m: 1, isSymmetric: false, outputs: 'full' } as const;

/** Coefficients that grow with the examples: not weights, which all of them share. */
function keptNumbers({ sources, sourceShapes }: Derivation): number {
  return sourceShapes.reduce((sum, shape, i) => {
    const source = sources[i]!;
    return 'input' in source && source.input > 0 ? sum : sum + sizeOf(shape);
  }, 0);
}

function sumOf<T>(items: readonly T[], cost: (item: T) => number): number {
  return items.reduce((sum, item) => sum + cost(item), 0);
}
