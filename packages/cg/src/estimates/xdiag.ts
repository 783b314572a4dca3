import { type LinearOperator, type Matrix, gemm, hasTag } from '@ntk/linop';
import { orthonormalRows } from '../dense/orthonormal-rows.ts';
import { checkCount, checkSquare } from '../lanczos/lanczos.ts';
import { multiplyInBlocks } from '../multiply.ts';
import { checkConfidence, reach } from './estimate.ts';
import type { TraceOptions } from './hutch-plus-plus.ts';
import { leftOutMean } from './left-out-mean.ts';
import { type Direction, type LeftOutDirections, leftOutBasis, leftOutDirections } from './left-out-directions.ts';
import { signVectors } from './random-vectors.ts';

/** A diagonal that was estimated from random vectors, entry by entry. */
export interface DiagonalEstimate {
  /** [n] */
  readonly value: Float64Array;
  /** Standard deviation of each entry over random vectors, itself estimated from them, [n]. */
  readonly standardError: Float64Array;
  /** Lower ends of intervals that each hold the true entry with the probability `confidence`, [n]. */
  readonly lower: Float64Array;
  /** Their upper ends, [n]. */
  readonly upper: Float64Array;
  readonly confidence: number;
  /** Vectors that the operator or its transpose was multiplied by. */
  readonly products: number;
}

/**
 * Estimates the diagonal of a square operator by XDiag, the sibling of XTrace.
 *
 * @param A - [n, n]; borrowed. Half of the products are with its transpose, unless it is tagged `symmetric`
 * @param options - `products`: at least 6
 * @throws {ShapeError | OptionError} if operator and options do not fit
 *
 * Cost: `products` products in blocks, and products²·n multiply-adds. Source: Epperly, Tropp & Webber (2024), XTrace, section 2.4; the
 * errors differ as in `xtrace`.
 */
export async function xdiag(
  A: LinearOperator,
  { rng, products = 60, confidence = 0.95 }: TraceOptions,
): Promise<DiagonalEstimate> {
  checkSquare(A, 'xdiag');
  checkCount(products, 'xdiag', 'products', 6);
  checkConfidence(confidence, 'xdiag');
  const n = A.shape[0];
  const m = Math.min(n, Math.floor(products / 2));
  const omega = signVectors(m, n, rng.fork('probes'));
  const { q, t } = orthonormalRows(await multiplyInBlocks(A, omega)); // A Ω = T Q
  const z = await transposedProduct(A, q); // Aᵀ Q
  const { value, standardError, cautiousError } = leaveOneOutDiagonals({ omega, q, z, t });
  const width = reach(confidence, m);
  return {
    value,
    standardError,
    lower: value.map((entry, at) => entry - width * cautiousError[at]!),
    upper: value.map((entry, at) => entry + width * cautiousError[at]!),
    confidence,
    products: 2 * m,
  };
}

async function transposedProduct(A: LinearOperator, q: Matrix): Promise<Matrix> {
  if (hasTag(A, 'symmetric')) return multiplyInBlocks(A, q);
  using transpose = A.transpose();
  return await multiplyInBlocks(transpose, q);
}

/**
 * Mean and standard error over the estimates that leave vectors out: diag(PA) + ω ∘ (I − P)A ω with P the projector on the others'
 * sketches. With an orthonormal basis E of what is left out it is diag(QᵀZ) − Σ_E (Qᵀe) ∘ (Zᵀe) + ω ∘ (Qᵀe)(e · t).
 */
function leaveOneOutDiagonals(sketch: Readonly<Record<'omega' | 'q' | 'z' | 't', Matrix>>): {
  readonly value: Float64Array;
  readonly standardError: Float64Array;
  readonly cautiousError: Float64Array;
} {
  const { omega, q, z, t } = sketch;
  const [m, n] = [q.rows, q.columns];
  const directions = leftOutDirections(t);
  const d = gemm(directions.s, q); // rows Qᵀsᵢ, [m, n]
  const zs = gemm(directions.s, z); // rows Zᵀsᵢ, [m, n]
  const st = gemm(directions.s, t, { transposeB: true }); // sᵢ · tⱼ
  const bases = basesOfPairs(directions, m);
  const value = new Float64Array(n);
  const standardError = new Float64Array(n);
  const cautiousError = new Float64Array(n);
  for (let at = 0; at < n; at++) {
    const beyond = (i: number, j: number): number => {
      let sum = 0;
      for (const { x, y } of bases[i * m + j]!) {
        const qe = x * d.data[i * n + at]! + y * d.data[j * n + at]!;
        const ze = x * zs.data[i * n + at]! + y * zs.data[j * n + at]!;
        const te = x * st.data[i * m + j]! + y * st.data[j * m + j]!;
        sum += qe * (omega.data[j * n + at]! * te - ze);
      }
      return sum;
    };
    for (let i = 0; i < m; i++) value[at]! += q.data[i * n + at]! * z.data[i * n + at]!;
    // With as many vectors as dimensions the projector is the identity, and nothing is left to chance.
    if (m === n) continue;
    const found = leftOutMean(m, beyond);
    value[at]! += found.mean;
    standardError[at] = found.standardError;
    cautiousError[at] = found.cautiousError;
  }
  return { value, standardError, cautiousError };
}

function basesOfPairs(directions: LeftOutDirections, m: number): Direction[][] {
  return Array.from({ length: m * m }, (_, pair) => leftOutBasis(directions, Math.floor(pair / m), pair % m));
}
