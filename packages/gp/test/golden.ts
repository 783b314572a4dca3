import { type Matrix, matrix } from '@ntk/linop';
import { type Reference, openReference } from '@ntk/reference';

export const SETTINGS = ['A', 'B'] as const;
export type Setting = (typeof SETTINGS)[number];

/** Bounds of relative Frobenius errors: ten times the tolerance table of the reference; setting B as the project states it. */
export const BOUNDS = {
  A: { mean: 1e-9, covariance: 1e-9, variance: 1e-9, evidence: 1e-9 },
  B: { mean: 1e-6, covariance: 1e-7, variance: 1e-6, evidence: 1e-6 },
} as const;

export interface Golden {
  readonly reference: Reference;
  readonly outputs: number;
  matrix(key: string): Matrix;
  vector(key: string): Float64Array;
  setting(setting: Setting): { priorVariance: number; noiseVariance: number };
}

/** Golden values as matrices, or undefined (with the reason printed) where they are absent. */
export function openGolden(model: string): Golden | undefined {
  const reference = openReference(model);
  if (reference === undefined) return undefined;
  const settings = (setting: Setting, name: string) => reference.number('gp', 'settings', setting, name);
  return {
    reference,
    outputs: reference.array('Y').shape[1]!,
    vector: (key) => reference.array(key).data,
    matrix: (key) => {
      const { data, shape } = reference.array(key);
      return matrix(shape[0]!, shape[1]!, data);
    },
    setting: (setting) => ({
      priorVariance: settings(setting, 'prior_variance_s2'),
      noiseVariance: settings(setting, 'noise_variance_sigma2'),
    }),
  };
}

/** max |x_i − y_i| / |y_i|. */
export function worstRelativeError(x: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = x.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < x.length; i++) worst = Math.max(worst, Math.abs(x[i]! - expected[i]!) / Math.abs(expected[i]!));
  return worst;
}
