import { join } from 'node:path';
import { ortBackend } from '@ntk/backend-ort';
import {
  bernoulliLikelihood,
  categoricalLikelihood,
  explicitJacobian,
  ggnOperator,
  gaussianLikelihood,
  kernelDiagonal,
  kernelMatrix,
  linearize,
  type LayerSelection,
  type Linearization,
} from '@ntk/jacobian';
import type { LinearOperator } from '@ntk/linop';
import { readLayersModel } from '@ntk/models';
import { openReference } from '@ntk/reference';
import { asDType, cpuBackend, type Backend, type DType } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';

/** Ten times the tolerance table of the golden values in float64; 1e-5 in float32. */
const TOLERANCE: Record<DType, { outputs: number; products: number }> = {
  float64: { outputs: 1e-12, products: 1e-11 },
  float32: { outputs: 1e-5, products: 1e-5 },
};

const backends: Record<string, () => Promise<Backend>> = {
  cpu: () => Promise.resolve(cpuBackend()),
  ort: () => ortBackend(),
};

for (const model of ['sine_mlp', 'mlp2']) {
  const reference = openReference(model);
  describe.skipIf(reference === undefined)(`golden products of ${model}`, () => {
    const golden = (key: string): Float64Array => reference!.array(key).data;
    for (const [name, open] of Object.entries(backends)) {
      for (const dtype of ['float64', 'float32'] as const) {
        test(`${name}, ${dtype}`, async () => {
          const network = await readLayersModel(join(reference!.folder, 'model'));
          const backend = await open();
          const { outputs, products } = TOLERANCE[dtype];
          const at = (key: string, layers: LayerSelection = 'all'): Promise<Linearization> =>
            linearize(network, golden(key), { backend, dtype, layers });
          const near = (actual: ArrayLike<number>, key: string, bound = products): void =>
            expect(relativeError(actual, golden(key)), key).toBeLessThan(bound);
          const apply = async (operator: LinearOperator, key: string): Promise<ArrayLike<number>> => {
            using block = backend.upload(asDType(golden(key), dtype), [3, operator.shape[1]]);
            using product = await operator.matmul(block);
            return Float64Array.from(await backend.read(product));
          };

          using train = await at('X');
          using star = await at('Xstar');
          near(await backend.read(train.outputs), 'f', outputs);
          near(await backend.read(star.outputs), 'fstar', outputs);
          near(await apply(train.jacobian, 'v'), 'Jv');
          near(await apply(star.jacobian, 'v'), 'Jstar_v');
          near(await apply(train.jacobian.transpose(), 'u'), 'JTu');
          near(await apply(await ggnOperator(train, gaussianLikelihood(1)), 'v'), 'ggn_gaussian');
          if (model === 'sine_mlp')
            near(await apply(await ggnOperator(train, bernoulliLikelihood()), 'v'), 'ggn_bernoulli');
          else near(await apply(await ggnOperator(train, categoricalLikelihood(2)), 'v'), 'ggn_categorical');
          near((await explicitJacobian(train)).data, 'J');
          near(await kernelDiagonal(train), 'ntk_diag');
          near(await kernelDiagonal(star), 'ntk_star_diag');
          for (const [layers, key] of [
            ['all', 'ntk'],
            ['last', 'ntk_last'],
            [{ top: 2 }, 'ntk_top2'],
          ] as const) {
            using rows = await at('X', layers);
            using columns = await at('Xstar', layers);
            near((await kernelMatrix(rows)).data, key);
            near((await kernelMatrix(columns, rows)).data, `${key}_cross`);
            near((await kernelMatrix(columns)).data, `${key}_star`);
          }
        });
      }
    }
  });
}
