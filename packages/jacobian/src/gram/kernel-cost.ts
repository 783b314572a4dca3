import { sizeOf, type Shape } from '@ntk/tensor';
import type { Derivation } from '../derivation.ts';
import type { FactorPlan, TermPlan } from '../factors/factor-plan.ts';
import { factoredCost, isCheaperFactored, propagatedCost } from '../factors/product-cost.ts';
import type { KernelRequest } from './kernel-request.ts';
import type { KernelOutputs } from './kernel-outputs.ts';

/** What a kernel is put together from: factors of J, layer by layer, or products of J and Jᵀ with unit vectors. */
export type Assembly = 'factors' | 'products';

/** How many rows a kernel has on both sides, and what it keeps of the c outputs. */
export interface KernelSize {
  /** Examples on either side. */
  readonly n: number;
  readonly m: number;
  readonly isSymmetric: boolean;
  readonly outputs: KernelOutputs;
}

/** Multiply-adds that take as long as the elementwise product of an entry and its addition to the sum over layers. */
const PAIR_TOUCH = 60;

/** Multiply-adds of one term in the kernel: structured for a layer at one position, T² pairs for one at several, a contraction for a layer Jacobian. */
export function termPairs({ activations, sensitivities }: TermPlan, size: KernelSize): number {
  const [, c, positions, b] = sensitivities as [number, number, number, number];
  const outputPairs = size.outputs === 'full' ? c * c : c;
  const touched = size.outputs === 'shared' ? 1 : outputPairs;
  const each = positions ** 2 * ((activations?.[2] ?? 1) + outputPairs * b + touched * PAIR_TOUCH);
  return (each * size.n * size.m) / (size.isSymmetric ? 2 : 1);
}

/** Multiply-adds of the factors: c backward passes; and c passes of a whole batch for each example of what has no factors. */
export function factorsCost(
  derivation: Derivation,
  { remaining }: FactorPlan,
  examples: number,
  batchSize: number,
): number {
  const [n, c] = derivation.outputShape as [number, number];
  const backward = (2 * propagation(derivation) * c * examples) / n;
  return remaining.length === 0 ? backward : backward * (1 + batchSize);
}

/** Multiply-adds of one product with J and one with Jᵀ, over all of `examples`. */
export function productsCost(derivation: Derivation, plan: FactorPlan, examples: number): number {
  const n = derivation.outputShape[0]!;
  const once = isCheaperFactored(derivation, plan)
    ? 2 * plan.terms.reduce((sum, term) => sum + factoredCost(term), 0)
    : 3 * propagation(derivation);
  return (once * examples) / n;
}

/** Numbers in the factors of one example. */
export function factorNumbers({ activations, indices, sensitivities }: TermPlan): number {
  const size = (shape: Shape | null): number => (shape === null ? 0 : sizeOf(shape.slice(1)));
  return size(activations) + size(indices) + size(sensitivities);
}

/** As `assemblyFor`, of linearizations. */
export function assemblyOf({ rows, columns, outputs }: Pick<KernelRequest, 'rows' | 'columns' | 'outputs'>): Assembly {
  const size = { n: rows.n, m: columns.n, isSymmetric: rows === columns, outputs };
  return assemblyFor(rows.maps.derivation, rows.factors.plan, size, rows.maps.batchSize);
}

/** What a kernel is computed from unless somebody says: factors, save where products with unit vectors are predicted to take less than half the time. */
export function assemblyFor(derivation: Derivation, plan: FactorPlan, size: KernelSize, batchSize: number): Assembly {
  const c = derivation.outputShape[1]!;
  const pairs = plan.terms.reduce((sum, term) => sum + termPairs(term, size), 0);
  const factors = factorsCost(derivation, plan, size.n, batchSize);
  const products = productsCost(derivation, plan, (size.n + size.m) / 2) * size.m * c;
  return 2 * products < factors + pairs ? 'products' : 'factors';
}

function propagation({ nodes }: Derivation): number {
  return nodes.reduce((sum, node) => sum + propagatedCost(node), 0);
}
