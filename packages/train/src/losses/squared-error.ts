import { ShapeError } from '@ntk/tensor';
import type { Loss } from './loss.ts';

/**
 * The squared error, averaged over the outputs: (1/c) Σ_a (f_a − y_a)².
 *
 * Targets are [n, c], in the units of the outputs; the loss is in squared units. Averaged over examples it is the MSE.
 */
export function squaredError(): Loss {
  return {
    name: 'squared-error',
    targets: (y, n, c) => {
      if (y.length === n * c) return y;
      throw new ShapeError(
        `squaredError: got ${y.length} targets for ${n} examples, expected ${n * c}, which is ${c} an example: one for each output`,
      );
    },
    emit: (b, outputs, targets) => {
      const c = b.shape(outputs)[1]!;
      const residual = b.sub(outputs, targets); // [n, c]
      const losses = b.mul(b.sum(b.mul(residual, residual), [1]), b.scalar(1 / c)); // [n]
      return { losses, gradient: b.mul(residual, b.scalar(2 / c)) };
    },
  };
}
