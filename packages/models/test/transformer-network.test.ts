import { describeNetwork, formatLayersModel, parseLayersModel, transformerNetwork } from '@ntk/models';
import { Rng, exampleShape, outputCount } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { outputsOf, randomInputs, worst } from './tfjs.ts';

const options = { steps: 5, inputs: 3, width: 8, heads: 2, blocks: 2, outputs: 4 };

describe('transformerNetwork', () => {
  it('has the layers and the parameters of its blocks', () => {
    const network = transformerNetwork({ ...options, rng: new Rng(1) });
    expect(exampleShape(network)).toEqual([5, 3]);
    expect(outputCount(network)).toBe(4);
    const { layers, parameters } = describeNetwork(network);
    const block = 4 * (8 * 8 + 8) + 2 * 2 * 8 + (8 * 32 + 32) + (32 * 8 + 8);
    expect(parameters).toBe(3 * 8 + 8 + 2 * block + 2 * 8 + (8 * 4 + 4));
    expect(layers.filter(({ kind }) => kind === 'MultiHeadAttention').map(({ name }) => name)).toEqual([
      'block_0_attention',
      'block_1_attention',
    ]);
  });

  it('gives the same for steps in another order, and the same for the same seed', async () => {
    const network = transformerNetwork({ ...options, rng: new Rng(2) });
    const x = randomInputs(new Rng(3), 15);
    const turned = Float64Array.from({ length: 15 }, (_, i) => x[(4 - Math.floor(i / 3)) * 3 + (i % 3)]!);
    const want = await outputsOf(network, Float64Array.from(x));
    expect(worst(await outputsOf(network, turned), want)).toBeLessThan(1e-13);
    expect(transformerNetwork({ ...options, rng: new Rng(2) }).values).toEqual(network.values);
  });

  it('is written and read back', async () => {
    const network = transformerNetwork({ ...options, rng: new Rng(4) });
    const { modelJson, weights } = formatLayersModel(network);
    const back = parseLayersModel(modelJson, weights);
    const x = Float64Array.from(randomInputs(new Rng(5), 30));
    expect(await outputsOf(back, x)).toEqual(await outputsOf(network, x));
  });

  it.each<[object, string]>([
    [{ heads: 3 }, 'got the width 8 for 3 heads, expected a multiple of them'],
    [{ blocks: 0 }, 'got 0 as blocks, expected a positive integer'],
  ])('%j is refused', (wrong, message) => {
    expect(() => transformerNetwork({ ...options, ...wrong, rng: new Rng(1) })).toThrow(
      `transformerNetwork: ${message}`,
    );
  });
});
