import { type LinearOperator, type Matrix, matrix } from '@ntk/linop';
import type { Rng } from '@ntk/tensor';
import { orthonormalRows } from '../dense/orthonormal-rows.ts';
import { checkCount, checkSquare } from '../lanczos/lanczos.ts';
import { multiplyInBlocks } from '../multiply.ts';
import { rowDots } from '../vectors/host-space.ts';
import { type Estimate, checkConfidence, reach, sampleMean, sum } from './estimate.ts';
import { sphericalVectors, sphericalVectorsBeyond } from './random-vectors.ts';

/** Settings of the trace estimators. */
export interface TraceOptions {
  /** Draws the random vectors; forked, so that the caller's stream does not move. */
  readonly rng: Rng;
  /** Vectors that the operator is multiplied by, at most; 60 by default. */
  readonly products?: number;
  /** Of the interval; 0.95 by default. */
  readonly confidence?: number;
}

/**
 * Estimates the trace of a square operator: exactly on a space that a third of the products find, by independent random vectors beyond it.
 *
 * Its interval is that of a mean of independent samples. `xtrace` is more accurate for the same products; this one's error is better known.
 *
 * @param A - [n, n]; borrowed
 * @throws {ShapeError | OptionError} if operator and options do not fit
 *
 * Cost: `products` products in blocks, and products²·n multiply-adds.
 * Source: Meyer, Musco, Musco & Woodruff (2021), algorithm 1; random vectors of fixed length as in Epperly, Tropp & Webber (2024), section 2.3.
 */
export async function hutchPlusPlus(
  A: LinearOperator,
  { rng, products = 60, confidence = 0.95 }: TraceOptions,
): Promise<Estimate> {
  checkSquare(A, 'hutchPlusPlus');
  checkCount(products, 'hutchPlusPlus', 'products', 6);
  checkConfidence(confidence, 'hutchPlusPlus');
  const n = A.shape[0];
  const rank = Math.min(n, Math.floor(products / 3));
  const sketch = sphericalVectors(rank, n, rng.fork('sketch'));
  const { q } = orthonormalRows(await multiplyInBlocks(A, sketch));
  const inside = sum(rowDots(q, await multiplyInBlocks(A, q)));
  const count = rank === n ? 0 : products - 2 * rank;
  const probes = count === 0 ? matrix(0, n) : sphericalVectorsBeyond(q, count, rng.fork('probes'));
  const outside = count === 0 ? { mean: 0, standardError: 0 } : sampleMean(await quadraticForms(A, probes));
  const value = inside + outside.mean;
  const halfWidth = count === 0 ? 0 : reach(confidence, count) * outside.standardError;
  return {
    value,
    standardError: outside.standardError,
    lower: value - halfWidth,
    upper: value + halfWidth,
    confidence,
    products: 2 * rank + count,
  };
}

async function quadraticForms(A: LinearOperator, x: Matrix): Promise<Float64Array> {
  return rowDots(x, await multiplyInBlocks(A, x));
}
