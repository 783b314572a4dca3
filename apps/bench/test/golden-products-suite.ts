import { join } from 'node:path';
import {
  bernoulliLikelihood,
  categoricalLikelihood,
  explicitJacobian,
  gaussianLikelihood,
  ggnOperator,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  ntkOperator,
  type LayerSelection,
  type Likelihood,
  type Linearization,
} from '@ntk/jacobian';
import { readLayersModel } from '@ntk/models';
import type { Reference } from '@ntk/reference';
import type { Backend, DType } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { expect, test } from 'vitest';
import { GoldenComparison } from './golden-comparison.ts';
import { dot, norm } from './linear-algebra.ts';
import { applyTo, checkAdjoint } from './operator-checks.ts';

/** Ten times the tolerance table of the golden values in float64; 1e-5 in float32. */
const TOLERANCE: Record<DType, { outputs: number; products: number }> = {
  float64: { outputs: 1e-12, products: 1e-11 },
  float32: { outputs: 1e-5, products: 1e-5 },
};

/** Where to compare. */
export interface ProductCase {
  /** The backend's name in the title. */
  readonly backend: string;
  readonly open: () => Promise<Backend>;
  readonly dtype: DType;
  /** Examples at once; all unless given. */
  readonly batchSize?: number;
}

/** The inputs of a golden network. */
type Inputs = 'X' | 'Xstar';

/**
 * Outputs, products, curvature products, diagonals and kernels of a golden network, as far as the reference has them, the adjoint identity,
 * and that all of it leaves no tensor behind and no bit of the network changed.
 */
export function testGoldenProducts(reference: Reference, { backend: name, open, dtype, batchSize }: ProductCase): void {
  test(`${name}, ${dtype}, batches of ${batchSize ?? 'all'}`, async () => {
    const network = await readLayersModel(join(reference.folder, 'model'));
    const before = network.values.map((values) => values.slice());
    const backend = trackTensors(await open());
    const { outputs, products } = TOLERANCE[dtype];
    const compare = new GoldenComparison(reference, products);
    const options = { backend, dtype, ...(batchSize === undefined ? {} : { batchSize }) };
    const at = (key: Inputs, layers: LayerSelection = 'all'): Promise<Linearization> =>
      linearize(network, reference.array(key).data, { ...options, layers });
    {
      using train = await at('X');
      const f = await backend.read(train.outputs);
      compare.near(f, 'f', outputs);
      await compareTrainingProducts(compare, reference, train);
      await checkAdjoint(train);
      // Nothing has touched the weights, nor the moving statistics of a normalisation: the outputs are the same, bit by bit.
      using again = await at('X');
      expect(await backend.read(again.outputs)).toEqual(f);
    }
    if (reference.has('Xstar')) {
      using star = await at('Xstar');
      compare.near(await backend.read(star.outputs), 'fstar', outputs);
      compare.near(await applyTo(star.jacobian, compare.directions(star.p)), 'Jstar_v');
      compare.near(await kernelDiagonal(star), 'ntk_star_diag');
    }
    await compareKernels(compare, at);
    expect(backend.describeLive()).toEqual([]);
    expect(network.values).toEqual(before);
  });
}

async function compareTrainingProducts(
  compare: GoldenComparison,
  reference: Reference,
  train: Linearization,
): Promise<void> {
  const { products } = TOLERANCE[train.dtype];
  const v = compare.directions(train.p);
  const u = reference.array('u').data;
  compare.near(await applyTo(train.jacobian, v), 'Jv');
  compare.nearParameters(await applyTo(train.jacobian.transpose(), u), 'JTu');
  for (const [key, likelihood] of Object.entries(likelihoods(train.c))) {
    if (!compare.has(key)) continue;
    // Where a network is sure of its class, π(1 − π) carries only some of the digits of its outputs.
    const bound = key === 'ggn_gaussian' ? products : 10 * products;
    compare.nearParameters(await applyTo(await ggnOperator(train, likelihood), v), key, bound);
  }
  if (compare.has('J')) compare.near((await explicitJacobian(train)).data, 'J');
  compare.near(await kernelDiagonal(train), 'ntk_diag');
  const kernel = reference.array('ntk').data;
  const rows = train.n * train.c;
  const kernelTimesU = Float64Array.from(u, (_, at) => {
    const [k, row] = [Math.floor(at / rows), at % rows];
    return dot(kernel.subarray(row * rows, (row + 1) * rows), u.subarray(k * rows, (k + 1) * rows));
  });
  const difference = (await applyTo(ntkOperator(train), u)).map((value, i) => value - kernelTimesU[i]!);
  expect(norm(difference) / norm(kernelTimesU), 'J Jᵀ u').toBeLessThan(products);
}

function likelihoods(classes: number): Record<string, Likelihood> {
  const binary = { ggn_bernoulli: bernoulliLikelihood() };
  return {
    ggn_gaussian: gaussianLikelihood(1),
    ...(classes > 1 ? { ggn_categorical: categoricalLikelihood(classes) } : binary),
  };
}

async function compareKernels(
  compare: GoldenComparison,
  at: (key: Inputs, layers: LayerSelection) => Promise<Linearization>,
): Promise<void> {
  for (const [layers, key] of [
    ['all', 'ntk'],
    ['last', 'ntk_last'],
    [{ top: 2 }, 'ntk_top2'],
  ] as const) {
    using rows = await at('X', layers);
    compare.near((await kernelMatrix(rows)).data, key);
    if (!compare.has('Xstar')) continue;
    using columns = await at('Xstar', layers);
    compare.near((await kernelMatrix(columns, rows)).data, `${key}_cross`);
    compare.near((await kernelMatrix(columns)).data, `${key}_star`);
  }
}
