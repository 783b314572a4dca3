import { type LinearOperator, type Matrix, gemm, productOperator, syrk, toMatrix } from '@ntk/linop';
import { checkFinite } from './checks.ts';
import { whitenedFeatures } from './feature-operator.ts';
import { applyOperator } from './operator-product.ts';
import { type PrecisionRoot, rootTransposedTimes } from './precision-root.ts';
import { scaleColumns } from './prior-scale.ts';

/** Products with whitened features F = Lᵀ J S^{1/2}, [N, p]. */
export interface FeatureProducts {
  /** F itself, where it is held. */
  readonly held: Matrix | undefined;
  /** FᵀF, [p, p]. */
  gram(): Promise<Matrix>;
  /** F w for each row w of [k, p]: [k, N]. */
  predict(w: Matrix): Promise<Matrix>;
  /** Fᵀ b for each row b of [k, N]: [k, p]. */
  project(b: Matrix): Promise<Matrix>;
  dispose(): void;
}

/** Square roots that whiten a Jacobian. */
export interface Whitening {
  /** S^{1/2}, [p]. */
  readonly priorScale: Float64Array;
  /** L, of N rows. */
  readonly root: PrecisionRoot;
}

/**
 * Whitens a Jacobian that is held, or known by its products.
 *
 * @param jacobian - [N, p]; an operator is borrowed for the life of the features
 * @throws {NumericalError} from `gram` if an entry is not finite
 */
export function featureProducts(jacobian: Matrix | LinearOperator, whitening: Whitening): FeatureProducts {
  return 'data' in jacobian ? heldFeatures(jacobian, whitening) : operatorFeatures(jacobian, whitening);
}

/** Features that are held on the host. Cost: N·p numbers; the Gram matrix N·p²/2 multiply-adds. */
function heldFeatures(jacobian: Matrix, { priorScale, root }: Whitening): FeatureProducts {
  const features = scaleColumns(rootTransposedTimes(root, jacobian), priorScale);
  return {
    held: features,
    gram: async () => syrk(features, { transposeA: true }),
    predict: async (w) => gemm(w, features, { transposeB: true }),
    project: async (b) => gemm(b, features),
    dispose: () => undefined,
  };
}

/** Features that are known by products with J and Jᵀ. Cost: the Gram matrix takes p of each, in blocks; it holds blocks of N numbers only. */
function operatorFeatures(jacobian: LinearOperator, { priorScale, root }: Whitening): FeatureProducts {
  const features = whitenedFeatures(jacobian, priorScale, root);
  const { forward, transpose } = features;
  return {
    held: undefined,
    gram: async () => {
      using gram = productOperator(transpose, forward);
      const entries = await toMatrix(gram);
      checkFinite(entries.data, 'jTrain, FᵀF');
      return symmetricPart(entries);
    },
    predict: (w) => applyOperator(forward, w),
    project: (b) => applyOperator(transpose, b),
    dispose: () => features.dispose(),
  };
}

// Products round the two triangles differently.
function symmetricPart(a: Matrix): Matrix {
  const n = a.rows;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (a.data[i * n + j]! + a.data[j * n + i]!) / 2;
      a.data[i * n + j] = mean;
      a.data[j * n + i] = mean;
    }
  }
  return a;
}
