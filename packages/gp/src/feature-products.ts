import { type LinearOperator, type Matrix, gemm, matrix, productOperator, syrk, toMatrix } from '@ntk/linop';
import { whitenedFeatures } from './feature-operator.ts';
import { applyOperator } from './operator-product.ts';
import { scaleColumns } from './prior-scale.ts';

/** Products with whitened features F = D^{-1/2} J S^{1/2}, [N, p]. */
export interface FeatureProducts {
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
  /** Diagonal of D^{-1/2}, [N]. */
  readonly whitening: Float64Array;
}

/** Features that are held on the host. Cost: N·p numbers; the Gram matrix N·p²/2 multiply-adds. */
export function heldFeatures(jacobian: Matrix, { priorScale, whitening }: Whitening): FeatureProducts {
  const features = scaleColumns(jacobian, priorScale);
  const p = features.columns;
  for (let i = 0; i < features.data.length; i++) features.data[i]! *= whitening[Math.floor(i / p)]!;
  return {
    gram: async () => syrk(features, { transposeA: true }),
    predict: async (w) => gemm(w, features, { transposeB: true }),
    project: async (b) => gemm(b, features),
    dispose: () => undefined,
  };
}

/** Features that are known by products with J and Jᵀ. Cost: the Gram matrix takes p of each, in blocks; it holds blocks of N numbers only. */
export function operatorFeatures(jacobian: LinearOperator, { priorScale, whitening }: Whitening): FeatureProducts {
  const features = whitenedFeatures(jacobian, priorScale, {
    rows: whitening.length,
    size: 1,
    blocks: whitening,
  });
  const { forward, transpose } = features;
  return {
    gram: async () => {
      using gram = productOperator(transpose, forward);
      return symmetricPart(await toMatrix(gram));
    },
    predict: (w) => applyOperator(forward, w),
    project: (b) => applyOperator(transpose, b),
    dispose: () => features.dispose(),
  };
}

// Products round the two triangles differently.
function symmetricPart(a: Matrix): Matrix {
  const n = a.rows;
  const symmetric = matrix(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) symmetric.data[i * n + j] = (a.data[i * n + j]! + a.data[j * n + i]!) / 2;
  return symmetric;
}
