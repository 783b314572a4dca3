import {
  type LinearOperator,
  type Placement,
  defineOperator,
  diagonalOperator,
  matrix,
  productOperator,
  sumOperator,
} from '@ntk/linop';
import { ShapeError, asDType } from '@ntk/tensor';
import { type PrecisionRoot, timesRoot, timesRootTransposed } from './precision-root.ts';

/** The whitened features of the training rows. */
export interface Features {
  /** F = Lᵀ J S^{1/2}, [N, p]. */
  readonly forward: LinearOperator;
  /** Fᵀ, [p, N]. */
  readonly transpose: LinearOperator;
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Whitens a Jacobian by prior and noise: F = Lᵀ J S^{1/2}, never formed.
 *
 * @param jTrain - J(X), [N, p]; borrowed for the life of the features
 * @param priorScale - S^{1/2}, [p]
 * @param root - L, of N rows
 * @throws {ShapeError} if the sizes do not fit
 *
 * Cost of a product: one of J or Jᵀ.
 */
export function whitenedFeatures(jTrain: LinearOperator, priorScale: Float64Array, root: PrecisionRoot): Features {
  if (jTrain.shape[0] !== root.rows) {
    throw new ShapeError(
      `jTrain: got ${jTrain.shape.join(' × ')}, expected ${root.rows} rows as the noise or precision root`,
    );
  }
  const { backend, dtype } = jTrain;
  const right = diagonalOperator(priorScale, { backend, dtype });
  const left = transposedRootOperator(root, { backend, dtype });
  const scaled = productOperator(jTrain, right);
  const forward = productOperator(left, scaled);
  const transpose = forward.transpose();
  const dispose = (): void => {
    for (const operator of [transpose, forward, scaled, left, right]) operator.dispose();
  };
  return { forward, transpose, dispose, [Symbol.dispose]: dispose };
}

/**
 * The information operator I + A B of two factors with B = Aᵀ: B = I + F Fᵀ in function space, H = I + FᵀF in parameter space.
 *
 * @param a - [k, l]; borrowed for the life of the operator
 * @param b - Aᵀ; borrowed likewise
 * @returns [k, k], positive definite; the caller disposes it
 *
 * Cost of a product: one of each factor.
 */
export function informationOperator(a: LinearOperator, b: LinearOperator): LinearOperator {
  const { backend, dtype } = a;
  const identity = diagonalOperator(new Float64Array(a.shape[0]).fill(1), { backend, dtype });
  const gram = productOperator(a, b, { tags: ['positive-definite'] });
  const sum = sumOperator([identity, gram]);
  const dispose = (): void => {
    for (const operator of [sum, gram, identity]) operator.dispose();
  };
  return { ...sum, dispose, [Symbol.dispose]: dispose };
}

// Lᵀ. Blocks of an example are small, so they are multiplied on the host.
function transposedRootOperator(root: PrecisionRoot, placement: Required<Placement>): LinearOperator {
  if (root.size === 1) return diagonalOperator(root.blocks, placement);
  return blockOperator(root, placement, false);
}

function blockOperator(root: PrecisionRoot, placement: Required<Placement>, transposed: boolean): LinearOperator {
  const { backend, dtype } = placement;
  const n = root.rows;
  return defineOperator({
    name: 'precisionRoot',
    shape: [n, n],
    dtype,
    backend,
    tags: new Set(),
    matmul: async (x, k) => {
      const rows = matrix(k, n, Float64Array.from(await backend.read(x)));
      const product = transposed ? timesRootTransposed(rows, root) : timesRoot(rows, root);
      return backend.upload(asDType(product.data, dtype), [k, n]);
    },
    transpose: () => blockOperator(root, placement, !transposed),
    dispose: () => undefined,
  });
}
