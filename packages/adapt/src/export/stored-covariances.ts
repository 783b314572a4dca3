import { explicitJacobian, linearize } from '@ntk/jacobian';
import { gemm, matrix, type Matrix } from '@ntk/linop';
import { exampleCount, outputCount, type TypedArray } from '@ntk/tensor';
import { dtypeFor, restorePosterior, type OpenOptions } from '../file/open-posterior.ts';
import type { StoredPosterior } from '../file/stored-posterior.ts';
import { constantResidual, placeRoots } from '../file/stored-root.ts';
import { systemRows } from '../systems/system-jacobian.ts';
import { adaptedWeights, rootsOf, storedWeights, type WeightCovariance } from '../systems/weight-covariance.ts';

/** Numbers of an explicit Jacobian that are worked on at once. */
const BLOCK_NUMBERS = 2 ** 23;

/**
 * The joint covariance of the noise-free function between inputs, block by block, so that memory is that of the result and a few blocks.
 *
 * @param x - [m, …exampleShape]; borrowed
 * @returns one matrix [m·c, m·c] for outputs `full`; otherwise one [m, m] for each output, between which it is 0
 * @throws {OptionError} if the posterior was stored without roots or data
 *
 * Cost: rank·p multiply-adds a row, p for each pair of rows, and the Jacobian of a block anew for each block after it.
 */
export async function storedCovariances(
  stored: StoredPosterior,
  x: TypedArray,
  options: OpenOptions,
): Promise<Matrix[]> {
  if (stored.variance.kind !== 'exact') {
    using roots = placeRoots(rootsOf(stored.variance), options.backend);
    return await covariances(stored, storedWeights(roots), { x, options });
  }
  using adapted = await restorePosterior(stored, options);
  return await covariances(stored, await adaptedWeights(adapted), { x, options });
}

interface Inputs {
  readonly x: TypedArray;
  readonly options: OpenOptions;
}

async function covariances(
  stored: StoredPosterior,
  weights: readonly WeightCovariance[],
  { x, options }: Inputs,
): Promise<Matrix[]> {
  const { network, outputs: layout, layers: names } = stored;
  const m = exampleCount(network, x.length);
  const c = outputCount(network);
  const execution = { backend: options.backend, dtype: dtypeFor(stored, options), layers: { names } };
  const size = x.length / m;
  const atOnce = Math.min(m, Math.max(1, Math.floor(BLOCK_NUMBERS / (c * stored.weights.columns))));
  const systems = layout === 'full' ? 1 : c;
  const rows = layout === 'full' ? c : 1;
  const rowsAt = async (start: number): Promise<Matrix[]> => {
    using part = await linearize(network, x.subarray(start * size, (start + atOnce) * size), execution);
    return systemRows(await explicitJacobian(part), c, layout);
  };
  const result = Array.from({ length: systems }, () => matrix(m * rows, m * rows));
  for (let start = 0; start < m; start += atOnce) {
    const own = await rowsAt(start);
    const products = await Promise.all(weights.map((weight, i) => weight.times(own[i] ?? own[0]!)));
    for (let other = 0; other <= start; other += atOnce) {
      const others = other === start ? own : await rowsAt(other);
      result.forEach((covariance, i) => {
        const weight = Math.min(i, weights.length - 1);
        const pair = [own[i] ?? own[0]!, others[i] ?? others[0]!] as const;
        const block = gemm(products[weight]!, pair[1], { transposeB: true });
        addConstant(block, weights[weight]!, pair);
        placeBlock(covariance, block, start * rows, other * rows);
      });
    }
  }
  return result;
}

/** Adds r C r'ᵀ, what unknown constants of the mean bring. */
function addConstant(block: Matrix, { constant }: WeightCovariance, [a, b]: readonly [Matrix, Matrix]): void {
  if (constant === undefined) return;
  const left = gemm(constantResidual(constant, a), constant.covariance);
  gemm(left, constantResidual(constant, b), { transposeB: true, addTo: block });
}

/** A block and its mirror image. */
function placeBlock(target: Matrix, block: Matrix, row: number, column: number): void {
  for (let i = 0; i < block.rows; i++) {
    for (let j = 0; j < block.columns; j++) {
      const value = block.data[i * block.columns + j]!;
      target.data[(row + i) * target.columns + column + j] = value;
      target.data[(column + j) * target.columns + row + i] = value;
    }
  }
}
