import { openReference } from '@ntk/reference';
import { asDType, cpuBackend } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { explicitJacobian, kernelDiagonal, kernelMatrix, linearize, type Linearization } from '@ntk/jacobian';
import { describe, expect, test } from 'vitest';
import { referenceNetwork } from './networks.ts';

const backend = cpuBackend();

async function apply(l: Linearization, operator: 'J' | 'Jᵀ', x: Float64Array): Promise<Float64Array> {
  const op = operator === 'J' ? l.jacobian : l.jacobian.transpose();
  using input = backend.upload(asDType(x, l.dtype), [x.length / op.shape[1], op.shape[1]]);
  using output = await op.matmul(input);
  return Float64Array.from(await backend.read(output));
}

for (const model of ['sine_mlp', 'mlp2']) {
  const reference = openReference(model);
  describe.skipIf(reference === undefined)(`golden values of ${model}`, () => {
    const golden = (key: string): Float64Array => reference!.array(key).data;
    const network = referenceNetwork(reference!);
    for (const batchSize of [undefined, 7]) {
      describe(`batches of ${batchSize ?? 'all'}`, () => {
        const options = { backend, ...(batchSize === undefined ? {} : { batchSize }) };
        const open = (key: string, layers: 'all' | 'last' | { top: number } = 'all'): Promise<Linearization> =>
          linearize(network, golden(key), { ...options, layers });

        test('outputs and products', async () => {
          using l = await open('X');
          expect(relativeError(await backend.read(l.outputs), golden('f'))).toBeLessThan(1e-13);
          expect(relativeError(await apply(l, 'J', golden('v')), golden('Jv'))).toBeLessThan(1e-12);
          expect(relativeError(await apply(l, 'Jᵀ', golden('u')), golden('JTu'))).toBeLessThan(1e-12);
          expect(
            relativeError(await apply(l, 'Jᵀ', await apply(l, 'J', golden('v'))), golden('ggn_gaussian')),
          ).toBeLessThan(1e-12);
          expect(relativeError((await explicitJacobian(l)).data, golden('J'))).toBeLessThan(1e-12);
        });

        test('kernels of all layers, the last, and the top two', async () => {
          for (const [layers, key] of [
            ['all', 'ntk'],
            ['last', 'ntk_last'],
            [{ top: 2 }, 'ntk_top2'],
          ] as const) {
            using train = await open('X', layers);
            using star = await open('Xstar', layers);
            expect(relativeError((await kernelMatrix(train)).data, golden(key))).toBeLessThan(1e-12);
            expect(relativeError((await kernelMatrix(star, train)).data, golden(`${key}_cross`))).toBeLessThan(1e-12);
            expect(relativeError((await kernelMatrix(star)).data, golden(`${key}_star`))).toBeLessThan(1e-12);
          }
        });

        test('diagonals', async () => {
          using l = await open('X');
          expect(relativeError(await kernelDiagonal(l), golden('ntk_diag'))).toBeLessThan(1e-12);
        });
      });
    }
  });
}
