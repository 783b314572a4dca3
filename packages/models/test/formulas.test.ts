import { parseLayersModel, type LayersModelFiles } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { functionalFiles, layer, modelFiles, sequentialFiles, type HandWeight, type LayerJson } from './model-files.ts';
import { outputsOf } from './tfjs.ts';

/** Layers and options that TensorFlow.js lacks or computes wrongly, against their definitions. */

async function evaluate({ modelJson, weights }: LayersModelFiles, x: readonly number[]): Promise<number[]> {
  const network = parseLayersModel(modelJson, weights, { outputActivation: 'keep' });
  return [...(await outputsOf(network, Float64Array.from(x)))];
}

const points = [-3, -1.5, -0.25, 0, 0.25, 1.5, 3];

function applied(one: LayerJson, weights: HandWeight[] = []): Promise<number[]> {
  return evaluate(sequentialFiles([points.length], [one], weights), points);
}

function expectClose(got: readonly number[], want: readonly number[]): void {
  expect(got).toHaveLength(want.length);
  got.forEach((value, i) => expect(value).toBeCloseTo(want[i]!, 14));
}

describe('activation layers', () => {
  it('ELU with alpha', async () => {
    expectClose(
      await applied(layer('ELU', 'l', { alpha: 0.7 })),
      points.map((x) => (x > 0 ? x : 0.7 * Math.expm1(x))),
    );
  });

  it('ReLU with a slope, a threshold and a limit', async () => {
    const f = (x: number): number => (x >= 2 ? 2 : x >= 0.5 ? x : 0.1 * (x - 0.5));
    expectClose(
      await applied(layer('ReLU', 'l', { max_value: 2, negative_slope: 0.1, threshold: 0.5 })),
      points.map(f),
    );
  });

  it('ReLU with a threshold only', async () => {
    expectClose(
      await applied(layer('ReLU', 'l', { max_value: null, threshold: 0.5 })),
      points.map((x) => (x >= 0.5 ? x : 0)),
    );
  });

  it('LeakyReLU under the name of its slope in Keras 3', async () => {
    expectClose(
      await applied(layer('LeakyReLU', 'l', { negative_slope: 0.05 })),
      points.map((x) => (x > 0 ? x : 0.05 * x)),
    );
  });

  it.each([
    ['exponential', Math.exp],
    ['silu', (x: number) => x / (1 + Math.exp(-x))],
    ['leaky_relu', (x: number) => (x > 0 ? x : 0.2 * x)],
    ['hard_sigmoid', (x: number) => Math.min(1, Math.max(0, 0.2 * x + 0.5))],
    ['log_softmax', (x: number) => x - Math.log(points.reduce((sum, one) => sum + Math.exp(one), 0))],
  ] as const)('%s', async (activation, f) => {
    expectClose(await applied(layer('Activation', 'l', { activation })), points.map(f));
  });

  it('hard_sigmoid with the slope of Keras 3 in its files', async () => {
    const config = {
      name: 'm',
      layers: [
        layer('InputLayer', 'i', { batch_shape: [null, points.length] }),
        layer('Activation', 'l', { activation: 'hard_sigmoid' }),
      ],
    };
    const files = modelFiles({ class_name: 'Sequential', config }, [], '3.4.1');
    expectClose(
      await evaluate(files, points),
      points.map((x) => Math.min(1, Math.max(0, x / 6 + 0.5))),
    );
  });

  it('Softmax over an axis that is not the last', async () => {
    const got = await evaluate(
      sequentialFiles([2, 3], [layer('Softmax', 's', { axis: 1 }), layer('Flatten', 'f')]),
      [1, 2, 3, 4, 6, 8],
    );
    const p = [3, 4, 5].map((difference) => 1 / (1 + Math.exp(difference)));
    expectClose(got, [...p, ...p.map((value) => 1 - value)]);
  });

  it.each([
    'softplus',
    'elu',
    'selu',
    'gelu',
    'gelu_new',
    'swish',
    'mish',
    'sigmoid',
    'hard_sigmoid',
    'softsign',
    'softmax',
    'log_softmax',
  ])('%s stays finite far out', async (activation) => {
    const got = await evaluate(sequentialFiles([4], [layer('Activation', 'l', { activation })]), [-1e4, -50, 50, 1e4]);
    expect(got.every(Number.isFinite)).toBe(true);
  });

  it('softplus is x far out and 0 on the other side', async () => {
    expectClose(
      await evaluate(sequentialFiles([3], [layer('Activation', 'l', { activation: 'softplus' })]), [-1e4, 0, 1e4]),
      [0, Math.LN2, 1e4],
    );
  });
});

describe('other layers', () => {
  it('Reshape with an open extent', async () => {
    const got = await evaluate(
      sequentialFiles(
        [2, 3],
        [
          layer('Reshape', 'r', { target_shape: [3, -1] }),
          layer('Permute', 'p', { dims: [2, 1] }),
          layer('Flatten', 'f'),
        ],
      ),
      [1, 2, 3, 4, 5, 6],
    );
    expect(got).toEqual([1, 3, 5, 2, 4, 6]);
  });

  it('Subtract', async () => {
    const input = (name: string): LayerJson => ({
      ...layer('InputLayer', name, { batch_input_shape: [null, 2] }),
      name,
      inbound_nodes: [],
    });
    const files = functionalFiles({
      layers: [
        input('a'),
        input('b'),
        {
          ...layer('Subtract', 's'),
          name: 's',
          inbound_nodes: [
            [
              ['a', 0, 0, {}],
              ['b', 0, 0, {}],
            ],
          ],
        },
      ],
      input_layers: [
        ['a', 0, 0],
        ['b', 0, 0],
      ],
      output_layers: [['s', 0, 0]],
    });
    expect(await evaluate(files, [5, 7, 1, 10])).toEqual([4, -3]);
  });

  it('BatchNormalization over an axis that is not the last', async () => {
    const weights = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((slot, i) => ({
      name: `b/${slot}`,
      shape: [2],
      values: [i + 1, i + 2],
    }));
    const got = await evaluate(
      sequentialFiles(
        [2, 2],
        [layer('BatchNormalization', 'b', { axis: [1], epsilon: 0.5 }), layer('Flatten', 'f')],
        weights,
      ),
      [1, 2, 3, 4],
    );
    const f = (x: number, i: number): number => ((1 + i) * (x - 3 - i)) / Math.sqrt(4.5 + i) + 2 + i;
    expectClose(got, [f(1, 0), f(2, 0), f(3, 1), f(4, 1)]);
  });
});
