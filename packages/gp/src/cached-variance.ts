import {
  type LowRankRoot,
  type Matrix,
  cholesky,
  copyMatrix,
  gemm,
  invertLower,
  matrix,
  syrk,
  tryCholesky,
} from '@ntk/linop';
import { type Backend, OptionError, Rng, unitRoundoff } from '@ntk/tensor';
import { checkMatrix, checkVector } from './checks.ts';
import type { LinearModel } from './conservative-variance.ts';
import { type Features, informationOperator, whitenedFeatures } from './feature-operator.ts';
import { type MatrixProducts, matrixProducts } from './matrix-products.ts';
import { applyInBlocks, applyOperator } from './operator-product.ts';
import { noisePrecisionRoot } from './precision-root.ts';
import { priorScales, scaleColumns } from './prior-scale.ts';
import { rowOf } from './rows.ts';
import { type TestJacobian, jacobianRows, testRows } from './test-jacobian.ts';
import { type VarianceRoot, variancesOf } from './variance-root.ts';
import { addScaled, sumOfSquares } from './vector.ts';

/**
 * What variances come from at O(m·p) a test row, without training data: rows R that approximate B⁻¹ ≈ RᵀR, seen from the weights.
 *
 * The approximate solution for a test row is x̃ = Rᵀc with c = R F j̃ = `weights` · j̃, so its conservative variance is
 * ‖j̃ − `weights`ᵀc‖² + ‖`noise`ᵀc‖², whatever R is.
 */
export interface CachedVariance {
  /** S: s² for all parameters, or one prior variance a parameter [p]. */
  readonly priorVariance: number | Float64Array;
  /** R F, [m, p]. */
  readonly weights: Matrix;
  /** A root of R Rᵀ, [m, l]. */
  readonly noise: Matrix;
  /** By how much a variance exceeds the exact one at most, anywhere, as a share of the prior variance there. */
  readonly errorBound: number;
}

/** A model whose variances are to be cached. */
export interface CachedModel extends LinearModel {
  /** k(x, x) = J S Jᵀ of each training row, prior variance included, [N]. */
  readonly priorVariances: Float64Array;
}

/**
 * Caches variances of low rank. They err upwards only, by `errorBound` at most.
 *
 * The method's rows are only directions: the best solution in their span is found in float64, R ← G^{-1/2}R with G = R B Rᵀ, so that
 * errors of float32 products inside the method do not matter. The bound: with μ the trace of FFᵀ beyond the space of the rows R B, no variance
 * exceeds the exact one by more than μ/(1 + μ) of the prior variance, since the excess is the largest (wᵀFj̃)²/wᵀBw over all w that are
 * B-orthogonal to R, and ‖Fᵀw‖² ≤ μ‖w‖² for these.
 *
 * @param model - borrowed; in float64 where the bound must hold to float64 rounding
 * @param method - such as lanczosRoot of @ntk/cg
 * @param start - a right-hand side in units of the noise, [N], that the cache serves well; a fixed random prediction of the prior by default
 * @throws {ShapeError | OptionError | NumericalError} as conservativeVariance, or if the method fails
 *
 * Cost: that of the method, and 4 products with F or Fᵀ of m columns, m²(p + N) multiply-adds.
 * Source: Pleiss, Gardner, Weinberger & Wilson (2018), section 3.2 (LOVE); the correction and the bound are the square completed in
 * k** − 2k*ᵀx + xᵀAx.
 */
export async function cacheVariance(
  model: CachedModel,
  method: LowRankRoot,
  start?: Float64Array,
): Promise<CachedVariance> {
  const { jTrain, priorVariance = 1, noiseVariance, priorVariances } = model;
  const [rows, p] = jTrain.shape;
  checkVector(priorVariances, rows, 'priorVariances');
  const precisionRoot = noisePrecisionRoot(noiseVariance, rows);
  using features = whitenedFeatures(jTrain, priorScales(priorVariance, p), precisionRoot);
  using information = informationOperator(features.forward, features.transpose);
  const first = start ?? (await priorPrediction(features));
  const root = await bestRows(features, await method.inverseRoot(information, first));
  const trace = priorVariances.reduce((sum, value, i) => sum + value * precisionRoot.blocks[i]! ** 2, 0);
  return {
    priorVariance,
    weights: root.weights,
    noise: cholesky(syrk(root.rows)).factor,
    errorBound: await errorBound(features, root, trace),
  };
}

/**
 * Caches exact variances of a conditioning in function space.
 *
 * @param model - borrowed
 * @param root - `Conditioning.root()`, U with A⁻¹ = UᵀU, [N, N]; borrowed
 * @throws {ShapeError | OptionError} if sizes do not fit
 *
 * Cost: one product with Jᵀ of N columns.
 */
export async function cacheExactVariance(model: LinearModel, root: Matrix): Promise<CachedVariance> {
  const { jTrain, priorVariance = 1, noiseVariance } = model;
  const [rows, p] = jTrain.shape;
  const noiseScale = noisePrecisionRoot(noiseVariance, rows).blocks.map((scale) => 1 / scale);
  using transpose = jTrain.transpose();
  const weights = scaleColumns(await applyInBlocks(transpose, root), priorScales(priorVariance, p));
  return { priorVariance, weights, noise: scaleColumns(root, noiseScale), errorBound: 0 };
}

/** Where the products of a cache run. */
export interface CacheOptions {
  /** A backend with float64; on the host unless given. */
  readonly backend?: Backend;
}

/** A cache where its products run. */
export interface PlacedCache {
  /** S^{1/2}, [p]. */
  readonly priorScale: Float64Array;
  /** Products with R F. */
  readonly weights: MatrixProducts;
  /** Products with a root of R Rᵀ. */
  readonly noise: MatrixProducts;
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Places a cache where its products run, for all that is asked of it from then on.
 *
 * @param cache - borrowed for the life of the placed one
 * @returns the placed cache; the caller disposes it
 *
 * Cost: on a backend with float64, one upload of m·(p + l) numbers, which stay there; elsewhere nothing.
 */
export function placeCache(
  { priorVariance, weights, noise }: CachedVariance,
  { backend }: CacheOptions = {},
): PlacedCache {
  const products = [matrixProducts(weights, backend), matrixProducts(noise, backend)] as const;
  const dispose = (): void => products.forEach((each) => each.dispose());
  return {
    priorScale: priorScales(priorVariance, weights.columns),
    weights: products[0],
    noise: products[1],
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** Settings of the evaluation of cached variances. */
export interface CachedVarianceOptions {
  /** Test rows that are worked on at once; 64 by default. Memory is 3·blockRows·p numbers. */
  readonly blockRows?: number;
}

/**
 * Variances of the noise-free function from a cache.
 *
 * @param cache - borrowed
 * @param jTest - J(X*), [M, p]; borrowed
 * @returns [M], never negative, never above the prior variance
 * @throws {ShapeError} if the Jacobian has not p columns
 * @throws {NumericalError} if an entry of it is not finite
 *
 * Cost: 2·m·p multiply-adds a test row.
 */
export async function cachedVariance(
  cache: PlacedCache,
  jTest: TestJacobian,
  { blockRows = 64 }: CachedVarianceOptions = {},
): Promise<Float64Array> {
  const total = testRows(jTest, cache.priorScale.length);
  if (!(Number.isInteger(blockRows) && blockRows > 0))
    throw new OptionError(`cachedVariance: got blockRows ${blockRows}, expected a positive integer`);
  const variance = new Float64Array(total);
  for (let from = 0; from < total; from += blockRows) {
    const rows = await jacobianRows(jTest, from, Math.min(total, from + blockRows));
    variance.set(variancesOf(await cachedRoot(cache, rows)), from);
  }
  return variance;
}

/**
 * The joint covariance of the noise-free function between test rows from a cache: at least the exact one in every direction.
 *
 * @param cache - borrowed
 * @param jTest - J(X*), [M, p], of a size of which M² numbers fit; borrowed
 * @returns [M, M]
 *
 * Cost: 2·M·m·p + M²·p/2 multiply-adds.
 */
export async function cachedCovariance(cache: PlacedCache, jTest: Matrix): Promise<Matrix> {
  const { weights, rows } = await cachedRoot(cache, jTest);
  return syrk(rows, { addTo: syrk(weights) });
}

/**
 * The posterior covariance of the weights, as the cache has it, times some rows: see `weightCovariance`.
 *
 * @param cache - borrowed
 * @param rows - j, [k, p]; borrowed
 * @returns [k, p]
 *
 * Cost: 4·k·m·p multiply-adds.
 */
export async function cachedWeightCovariance(cache: PlacedCache, rows: Matrix): Promise<Matrix> {
  const { weights, noise, priorScale } = cache;
  const root = await cachedRoot(cache, rows);
  // (I − MᵀM)u + Mᵀ(noise · noiseᵀ)c: the transpose of what made the root.
  const solved = await noise.timesTransposed(root.rows);
  subtract(solved, await weights.timesTransposed(root.weights));
  const result = copyMatrix(root.weights);
  addScaled(result.data, 1, (await weights.times(solved)).data);
  return scaleColumns(result, priorScale);
}

async function cachedRoot({ priorScale, weights, noise }: PlacedCache, jTest: Matrix): Promise<VarianceRoot> {
  checkMatrix(jTest, jTest.rows, priorScale.length, 'jTest');
  const features = scaleColumns(jTest, priorScale); // j̃
  const c = await weights.timesTransposed(features); // [k, m]
  const unexplained = copyMatrix(features);
  subtract(unexplained, await weights.times(c));
  const rows = copyMatrix(await noise.times(c));
  for (let k = 0; k < features.rows; k++) {
    const found = sumOfSquares(rowOf(unexplained, k)) + sumOfSquares(rowOf(rows, k));
    if (found <= sumOfSquares(rowOf(features, k))) continue;
    rowOf(rows, k).fill(0);
    rowOf(unexplained, k).set(rowOf(features, k));
  }
  return { weights: unexplained, rows };
}

function subtract(target: Matrix, other: Matrix): void {
  addScaled(target.data, -1, other.data);
}

/** Rows R with R B Rᵀ = I and what they are in weight space. */
interface BestRows {
  /** R, [m, N]. */
  readonly rows: Matrix;
  /** R F, [m, p]. */
  readonly weights: Matrix;
}

async function bestRows({ transpose }: Features, directions: Matrix): Promise<BestRows> {
  const weights = await applyInBlocks(transpose, directions);
  const gram = syrk(directions, { addTo: syrk(weights) }); // R B Rᵀ
  const inverse = invertLower(cholesky(gram).factor);
  return { rows: gemm(inverse, directions), weights: gemm(inverse, weights) };
}

async function errorBound({ forward, transpose }: Features, root: BestRows, trace: number): Promise<number> {
  const beyond = await applyInBlocks(forward, root.weights);
  addScaled(beyond.data, 1, root.rows.data); // R B
  const gram = syrk(beyond);
  const factored = tryCholesky(gram);
  if (factored.status !== 'converged') return 1;
  const images = gemm(invertLower(factored.factor), await applyInBlocks(transpose, beyond));
  const left = Math.max(0, trace - sumOfSquares(images.data)) + ROUNDING * unitRoundoff(forward.dtype) * trace;
  return left / (1 + left);
}

/** Roundings that a trace of products has, in units of it. */
const ROUNDING = 8;

async function priorPrediction({ forward }: Features): Promise<Float64Array> {
  const p = forward.shape[1];
  const prediction = await applyOperator(forward, matrix(1, p, new Rng('cached variance').normals(p)));
  return prediction.data.some((value) => value !== 0) ? prediction.data : prediction.data.fill(1);
}
