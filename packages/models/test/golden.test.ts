import { join } from 'node:path';
import { readLayersModel } from '@ntk/models';
import { openReference } from '@ntk/reference';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { outputsOf } from './tfjs.ts';

/** Bounds of the reference data's own README for the outputs f. */
const TOLERANCE = { float64: 1e-13, float32: 1e-6 };

describe.each(['sine_mlp', 'mlp2', 'small_resnet', 'mnist_cnn', 'resnet20'])('golden network %s', (name) => {
  const reference = openReference(name);

  it.skipIf(reference === undefined)('has its parameters in their order and gives its outputs', async () => {
    const golden = reference!;
    const array = (key: string): Float64Array => golden.array(key).data;
    const network = await readLayersModel(join(golden.folder, 'model'));
    const named = (list: readonly { readonly name: string; readonly shape: readonly number[] }[]): unknown =>
      list.map(({ name: own, shape }) => [own, shape]);
    expect(named(network.parameters.filter(({ trainable }) => trainable))).toEqual(named(golden.parameters()));
    const pairs = [
      ['X', 'f'],
      ['Xstar', 'fstar'],
      ['Xextra', 'fextra'],
    ] as const;
    for (const [inputs, outputs] of pairs.filter(([key]) => golden.has(key))) {
      expect(relativeError(await outputsOf(network, array(inputs)), array(outputs))).toBeLessThan(TOLERANCE.float64);
      expect(relativeError(await outputsOf(network, Float32Array.from(array(inputs))), array(outputs))).toBeLessThan(
        TOLERANCE.float32,
      );
    }
  });
});
