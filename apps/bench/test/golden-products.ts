import { join } from 'node:path';
import {
  categoricalLikelihood,
  gaussianLikelihood,
  ggnOperator,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  ntkOperator,
  type LayerSelection,
  type Linearization,
} from '@ntk/jacobian';
import type { LinearOperator } from '@ntk/linop';
import { readLayersModel } from '@ntk/models';
import type { Reference } from '@ntk/reference';
import type { Backend, DType, Network } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** How near products have to be to the golden values, which were computed in float64. */
const TOLERANCE: { readonly [D in DType]: number } = { float64: 1e-10, float32: 1e-4 };

/**
 * Outputs, products with J and Jᵀ, kernels and their diagonals, and GGN products of a golden network on one backend, against an independent
 * implementation. One network must not be touched by any of it.
 */
export function testGoldenProducts(reference: Reference, open: () => Promise<Backend>, dtype: DType): void {
  describe(`${reference.model} in ${dtype}`, () => {
    const golden = (key: string): Float64Array => reference.array(key).data;
    let network: Network;
    let backend: Backend;
    let train: Linearization;

    const near = (actual: ArrayLike<number>, key: string): void => {
      expect(relativeError(actual, golden(key)), key).toBeLessThan(TOLERANCE[dtype]);
    };
    const at = (key: string, layers: LayerSelection = 'all'): Promise<Linearization> =>
      linearize(network, golden(key), { backend, dtype, layers });

    /** The product of an operator with golden right-hand sides, [k, columns]. */
    async function product(operator: LinearOperator, key: string): Promise<Float64Array> {
      const { data, shape } = reference.array(key);
      using x = backend.upload(dtype === 'float64' ? data : Float32Array.from(data), shape);
      using y = await operator.matmul(x);
      return Float64Array.from(await backend.read(y));
    }

    beforeAll(async () => {
      network = await readLayersModel(join(reference.folder, 'model'));
      backend = await open();
      train = await at('X');
    });
    afterAll(() => train.dispose());

    test('outputs', async () => {
      using star = await at('Xstar');
      near(await backend.read(train.outputs), 'f');
      near(await backend.read(star.outputs), 'fstar');
    });

    test('J v and Jᵀ u', async () => {
      using star = await at('Xstar');
      near(await product(train.jacobian, 'v'), 'Jv');
      near(await product(star.jacobian, 'v'), 'Jstar_v');
      near(await product(train.jacobian.transpose(), 'u'), 'JTu');
    });

    test.each([
      ['ntk', 'all'],
      ['ntk_last', 'last'],
      ['ntk_top2', { top: 2 }],
    ] as const)('%s', async (key, layers) => {
      using rows = await at('X', layers);
      using star = await at('Xstar', layers);
      near((await kernelMatrix(rows)).data, key);
      near((await kernelMatrix(star, rows)).data, `${key}_cross`);
      near((await kernelMatrix(star)).data, `${key}_star`);
    });

    test('kernel diagonal, and J Jᵀ u by products', async () => {
      near(await kernelDiagonal(train), 'ntk_diag');
      const kernel = golden('ntk');
      const { data: u, shape } = reference.array('u');
      const [k, rows] = shape as [number, number];
      const expected = Float64Array.from({ length: k * rows }, (_, i) => {
        const [side, row] = [Math.floor(i / rows), i % rows];
        return u.subarray(side * rows, (side + 1) * rows).reduce((sum, x, j) => sum + kernel[row * rows + j]! * x, 0);
      });
      expect(relativeError(await product(ntkOperator(train), 'u'), expected)).toBeLessThan(TOLERANCE[dtype]);
    });

    test('GGN products', async () => {
      near(await product(await ggnOperator(train, gaussianLikelihood(1)), 'v'), 'ggn_gaussian');
      if (!reference.has('ggn_categorical')) return;
      near(await product(await ggnOperator(train, categoricalLikelihood(train.c)), 'v'), 'ggn_categorical');
    });

    test('the network stays as it was', async () => {
      const again = await readLayersModel(join(reference.folder, 'model'));
      expect(network.values).toEqual(again.values);
    });
  });
}
