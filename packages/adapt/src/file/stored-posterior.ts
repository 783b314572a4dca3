import type { CachedVariance } from '@ntk/gp';
import type { Matrix } from '@ntk/linop';
import type { DType, Network } from '@ntk/tensor';
import type { FeatureSchema } from '../features/schema.ts';
import type { MeanKind } from '../fit/options.ts';
import type { TrainingData } from '../fit/training-data.ts';
import type { OutputsLayout, Solver, Space } from '../plan/method.ts';

/** A posterior that predicts without its training data: weights for the mean, and one of several things for the variance. */
export interface StoredPosterior {
  readonly network: Network;
  /** Layers whose parameters vary. */
  readonly layers: readonly string[];
  readonly outputs: OutputsLayout;
  readonly mean: MeanKind;
  readonly space: Space;
  readonly solver: Solver;
  /** dtype of the products it was fitted with, and predicts with unless told otherwise. */
  readonly dtype: DType;
  /** dtype of the products that its kernels were put together from. */
  readonly productDtype: DType;
  readonly priorVariance: number;
  /** Mean over the outputs. */
  readonly noiseVariance: number;
  /** Of a new measurement of each output, [c]. */
  readonly noiseVariances: Float64Array;
  /** Training examples. */
  readonly examples: number;
  /** The weights of the mean, [k, p]: k is 1 for outputs `full`, c for `independent`, c² for `shared`; see `LinearizedFit.weights`. */
  readonly weights: Matrix;
  /** β of a `constant` prior mean, [c]; empty otherwise. */
  readonly constant: Float64Array;
  readonly variance: StoredVariance;
  /** How tables become inputs, where the posterior was fitted to a table. */
  readonly features?: FeatureSchema;
}

/** What variances come from. */
export type StoredVariance = NoVariance | RootVariance | SampledVariance | DataVariance;

/** Nothing: means only. */
export interface NoVariance {
  readonly kind: 'none';
}

/** Roots of the covariance of the weights: exact, or of low rank and then never too small. */
export interface RootVariance {
  readonly kind: 'root';
  /** One for each Gaussian process of the layout, or a single one that all have in common. */
  readonly roots: readonly StoredRoot[];
}

/** Functions drawn from the posterior. The variance is their mean squared distance from the mean, with a relative standard error of √(2/count). */
export interface SampledVariance {
  readonly kind: 'samples';
  readonly count: number;
  /** As many rows for each sample, one after the other, as the mean has, [count·k, p]. */
  readonly weights: Matrix;
  /** β of each sample where the prior mean is `constant`, [count, c]; [count, 0] otherwise. */
  readonly constants: Matrix;
}

/** The training data: variances are exact, and examples can be appended, at the cost of a fit in each process. */
export interface DataVariance {
  readonly kind: 'exact';
  readonly data: TrainingData;
  /** Noise variances of the targets where each has its own, [n·c]. */
  readonly noise?: Float64Array;
  /** Tolerance of an iterative solver, where it was given. */
  readonly rtol?: number;
  /** What an iterative solver found, from which it starts again: `inference.posterior.unknowns`. */
  readonly unknowns?: Matrix;
}

/** The root of one Gaussian process, and what an unknown constant in its mean brings. */
export interface StoredRoot {
  readonly root: WeightRoot;
  readonly constant?: StoredConstant;
}

/**
 * `cached`: variances as @ntk/gp's cachedVariance gives them. `covariance`: U with UᵀU the covariance of the weights, [p, p], so that the variance
 * is ‖U j‖².
 */
export type WeightRoot =
  | { readonly form: 'cached'; readonly cache: CachedVariance }
  | { readonly form: 'covariance'; readonly root: Matrix };

/** The uncertainty of q constants: rᵀCr with r = h − H A⁻¹k*, what of a constant the data elsewhere do not take away. */
export interface StoredConstant {
  /** C, [q, q]. */
  readonly covariance: Matrix;
  /** Rows S JᵀA⁻¹h for each column h of the constants' basis, [q, features]. */
  readonly weights: Matrix;
}

/** By how much stored variances exceed the exact ones at most, as a share of the prior variance; 0 where they are exact or estimated. */
export function errorBoundOf(variance: StoredVariance): number {
  if (variance.kind !== 'root') return 0;
  return Math.max(...variance.roots.map(({ root }) => (root.form === 'cached' ? root.cache.errorBound : 0)));
}
