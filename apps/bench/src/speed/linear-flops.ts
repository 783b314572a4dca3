import type { Linearization } from '@ntk/jacobian';
import { sizeOf } from '@ntk/tensor';

/**
 * Floating point operations, in 10⁹, of the matrix products and convolutions that one product with J needs, and one with Jᵀ as well: for each operand
 * that depends on parameters, as many as the layer itself. All examples count, not those of one batch alone, and no padding.
 */
export function linearGflop({ maps: { derivation }, n }: Linearization): number {
  let multiplications = 0;
  for (const { op, active, attributes, operandShapes, shape } of derivation.nodes) {
    const operands = active.filter(Boolean).length;
    if (op === 'conv2d') multiplications += operands * sizeOf(shape) * sizeOf(operandShapes[1]!.slice(0, 3));
    if (op === 'matmul') {
      const inner = operandShapes[0]!.at('transposeA' in attributes && attributes.transposeA ? -2 : -1)!;
      multiplications += operands * sizeOf(shape) * inner;
    }
  }
  return (2 * multiplications * n) / derivation.outputShape[0]! / 1e9;
}
