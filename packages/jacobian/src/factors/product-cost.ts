import { sizeOf, type Attributes } from '@ntk/tensor';
import type { ActiveNode, Derivation } from '../derivation.ts';
import { TOUCH, contractionOf } from './contraction.ts';
import type { FactorPlan, TermPlan } from './factor-plan.ts';

/** Factors take c times the memory of what propagation stores: worth it for few outputs only. */
const MAX_OUTPUTS = 4;

/**
 * Whether products with J and Jᵀ cost less from factors than by propagation through the network.
 *
 * Each dense layer a → b costs a·b multiply-adds from factors (A times the tangent, contracted with the sensitivities of c outputs), against 2·a·b
 * where the tangent of its input has to go through it as well.
 */
export function isCheaperFactored(derivation: Derivation, { terms, remaining }: FactorPlan): boolean {
  const c = derivation.outputShape[1]!;
  if (remaining.length > 0 || terms.length === 0 || c > MAX_OUTPUTS) return false;
  if (terms.some(({ indices }) => indices !== null)) return false;
  const factored = terms.reduce((sum, term) => sum + factoredCost(term), 0);
  return factored < derivation.nodes.reduce((sum, node) => sum + propagatedCost(node), 0);
}

/** Multiply-adds of a term in J v, for one right-hand side. */
export function factoredCost(term: TermPlan): number {
  return contractionOf(term).cost;
}

/** Multiply-adds of the tangent through a node, for one right-hand side. */
export function propagatedCost({ op, active, attributes, operandShapes, shape }: ActiveNode): number {
  const size = sizeOf(shape);
  if (op === 'reshape') return 0;
  if (op === 'conv2d' || op === 'conv2dTranspose') {
    const positions = op === 'conv2d' ? size : sizeOf(operandShapes[0]!);
    return active.filter(Boolean).length * positions * sizeOf(operandShapes[1]!.slice(0, 3));
  }
  if (op !== 'matmul') return 3 * TOUCH * size;
  const inner = operandShapes[0]!.at((attributes as Attributes['matmul']).transposeA ? -2 : -1)!;
  return active.filter(Boolean).length * size * inner;
}
