import { type LinearOperator, type Matrix, gemm } from '@ntk/linop';
import { orthonormalRows } from '../dense/orthonormal-rows.ts';
import { checkCount, checkSquare } from '../lanczos/lanczos.ts';
import { multiplyInBlocks } from '../multiply.ts';
import { rowDots } from '../vectors/host-space.ts';
import { type Estimate, checkConfidence, reach, sum } from './estimate.ts';
import type { TraceOptions } from './hutch-plus-plus.ts';
import { type LeftOutMean, leftOutMean } from './left-out-mean.ts';
import { LeftOutTraces } from './left-out-traces.ts';
import { sphericalVectors } from './random-vectors.ts';

/**
 * Estimates the trace of a square operator by XTrace: every random vector serves both to find the space where most of the trace is, and,
 * left out of it, to estimate what is beyond.
 *
 * Its error falls with the eigenvalues: for kernels, whose eigenvalues fall fast, far below that of plain random vectors.
 *
 * @param A - [n, n]; borrowed
 * @param options - `products`: at least 6
 * @throws {ShapeError | OptionError} if operator and options do not fit
 *
 * Cost: `products` products in blocks, and products²·n multiply-adds.
 * Source: Epperly, Tropp & Webber (2024), XTrace, section 2.1, with the vectors of section 2.3. It differs in the error: the authors take the
 * spread of the estimates that leave one vector out as if these were independent, which was up to 1.6 times too small in our tests; see
 * `leftOutMean`.
 */
export async function xtrace(
  A: LinearOperator,
  { rng, products = 60, confidence = 0.95 }: TraceOptions,
): Promise<Estimate> {
  checkSquare(A, 'xtrace');
  checkCount(products, 'xtrace', 'products', 6);
  checkConfidence(confidence, 'xtrace');
  const n = A.shape[0];
  const m = Math.min(n, Math.floor(products / 2));
  const omega = sphericalVectors(m, n, rng.fork('probes'));
  const { q, t } = orthonormalRows(await multiplyInBlocks(A, omega)); // A Ω = T Q
  const z = await multiplyInBlocks(A, q);
  // With as many vectors as dimensions the space is everything, and nothing is left to chance.
  const {
    mean: value,
    standardError,
    cautiousError,
  } = m === n ? { mean: sum(rowDots(q, z)), standardError: 0, cautiousError: 0 } : leaveOut(m, { q, t, z, omega });
  const halfWidth = reach(confidence, m) * cautiousError;
  return { value, standardError, lower: value - halfWidth, upper: value + halfWidth, confidence, products: 2 * m };
}

function leaveOut(m: number, { q, t, z, omega }: Readonly<Record<'q' | 't' | 'z' | 'omega', Matrix>>): LeftOutMean {
  const traces = new LeftOutTraces({
    t,
    w: gemm(omega, q, { transposeB: true }),
    h: gemm(q, z, { transposeB: true }),
    wh: gemm(omega, z, { transposeB: true }),
    n: q.columns,
  });
  return leftOutMean(m, (i, j) => traces.estimate(i, j));
}
