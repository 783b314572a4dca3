import * as tfc from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Rng } from '@ntk/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { disagreement } from './tfjs.ts';

/** Single precision in TensorFlow.js, through a few layers. */
const TOLERANCE = 2e-6;

beforeAll(() => tfc.setBackend('cpu'));

function chain(shape: readonly number[], ...list: tfl.layers.Layer[]): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(tfl.layers.inputLayer({ inputShape: [...shape] }));
  for (const layer of list) model.add(layer);
  if (model.outputs[0]!.shape.length > 2) model.add(tfl.layers.flatten());
  return model;
}

const { layers } = tfl;
type Padding = 'valid' | 'same';
const paddings: readonly Padding[] = ['valid', 'same'];

/** Every padding × stride × dilation that TensorFlow.js allows, on sizes that are even and odd. */
const moves = paddings.flatMap((padding) =>
  [
    { strides: 1, dilationRate: 1 },
    { strides: 2, dilationRate: 1 },
    { strides: 3, dilationRate: 1 },
    { strides: 1, dilationRate: 2 },
  ].map((move) => ({ padding, ...move })),
);

describe('convolutions agree with TensorFlow.js, there and back', () => {
  it.each(moves)('Conv2D, %o', async (move) => {
    const layer = layers.conv2d({ filters: 3, kernelSize: [3, 2], activation: 'relu', ...move });
    expect(await disagreement(chain([7, 8, 2], layer), new Rng(1))).toBeLessThan(TOLERANCE);
  });

  it.each(moves)('Conv1D, %o', async (move) => {
    const layer = layers.conv1d({ filters: 3, kernelSize: 3, ...move });
    expect(await disagreement(chain([8, 2], layer), new Rng(2))).toBeLessThan(TOLERANCE);
  });

  // TensorFlow.js leaves the dilation of this layer out.
  it.each(moves.filter(({ dilationRate }) => dilationRate === 1))('DepthwiseConv2D, %o', async (move) => {
    const layer = layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: 'tanh', ...move });
    expect(await disagreement(chain([7, 8, 3], layer), new Rng(3))).toBeLessThan(TOLERANCE);
  });

  // TensorFlow.js leaves a multiplier out of the file.
  it.each(moves)('SeparableConv2D, %o', async (move) => {
    const layer = layers.separableConv2d({ filters: 4, kernelSize: [2, 3], ...move });
    expect(await disagreement(chain([7, 8, 3], layer), new Rng(4))).toBeLessThan(TOLERANCE);
  });

  it.each(
    paddings.flatMap((padding) =>
      [
        { strides: 1, kernelSize: [3, 2] as [number, number] },
        { strides: 2, kernelSize: [3, 4] as [number, number] },
        { strides: 3, kernelSize: [2, 3] as [number, number] },
      ].map((move) => ({ padding, ...move })),
    ),
  )('Conv2DTranspose, %o', async (move) => {
    const layer = layers.conv2dTranspose({ filters: 3, ...move });
    expect(await disagreement(chain([3, 4, 2], layer), new Rng(5))).toBeLessThan(TOLERANCE);
  });

  it('without biases', async () => {
    const model = chain(
      [6, 6, 2],
      layers.conv2d({ filters: 3, kernelSize: 3, useBias: false }),
      layers.depthwiseConv2d({ kernelSize: 2, useBias: false }),
      layers.conv2dTranspose({ filters: 2, kernelSize: 2, useBias: false }),
    );
    expect(await disagreement(model, new Rng(6))).toBeLessThan(TOLERANCE);
  });
});

describe('pooling agrees with TensorFlow.js, there and back', () => {
  const pools = paddings.flatMap((padding) =>
    [
      { size: 2, strides: 2 },
      { size: 3, strides: 3 },
      { size: 3, strides: 2 },
      { size: 2, strides: 1 },
      { size: 1, strides: 2 },
    ].map((pool) => ({ padding, ...pool })),
  );

  it.each(pools)('MaxPooling2D and AveragePooling2D, %o', async ({ padding, size, strides }) => {
    for (const pool of [layers.maxPooling2d, layers.averagePooling2d]) {
      const model = chain([7, 8, 3], pool({ poolSize: size, strides, padding }));
      expect(await disagreement(model, new Rng(7))).toBeLessThan(TOLERANCE);
    }
  });

  it.each(pools)('MaxPooling1D and AveragePooling1D, %o', async ({ padding, size, strides }) => {
    for (const pool of [layers.maxPooling1d, layers.averagePooling1d]) {
      const model = chain([7, 3], pool({ poolSize: size, strides, padding }));
      expect(await disagreement(model, new Rng(8))).toBeLessThan(TOLERANCE);
    }
  });

  it.each([
    ['GlobalMaxPooling2D', [5, 4, 3], () => layers.globalMaxPooling2d({})],
    ['GlobalAveragePooling2D', [5, 4, 3], () => layers.globalAveragePooling2d({})],
    ['GlobalMaxPooling1D', [5, 3], () => layers.globalMaxPooling1d({})],
    ['GlobalAveragePooling1D', [5, 3], () => layers.globalAveragePooling1d({})],
  ] as const)('%s', async (name, shape, make) => {
    expect(await disagreement(chain(shape, make()), new Rng(name))).toBeLessThan(TOLERANCE);
  });
});

describe('what moves pixels and normalises them agrees with TensorFlow.js, there and back', () => {
  const models: Record<string, () => tfl.LayersModel> = {
    ZeroPadding2D: () =>
      chain(
        [2, 3, 2],
        layers.zeroPadding2d({
          padding: [
            [0, 1],
            [2, 3],
          ],
        }),
      ),
    'ZeroPadding2D by one': () => chain([2, 3, 2], layers.zeroPadding2d({})),
    Cropping2D: () =>
      chain(
        [5, 6, 2],
        layers.cropping2D({
          cropping: [
            [0, 1],
            [2, 3],
          ],
        }),
      ),
    UpSampling2D: () => chain([2, 3, 2], layers.upSampling2d({ size: [2, 3] })),
    Permute: () => chain([2, 3, 4], layers.permute({ dims: [3, 1, 2] })),
    'BatchNormalization of images': () => chain([3, 2, 4], layers.batchNormalization()),
    'LayerNormalization of images': () => chain([3, 2, 4], layers.layerNormalization()),
    ReLU6: () => chain([3, 2, 4], layers.reLU({ maxValue: 6 })),
    'a small network': () =>
      chain(
        [9, 9, 1],
        layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.batchNormalization(),
        layers.conv2d({ filters: 3, kernelSize: 2, strides: 2 }),
      ),
  };
  it.each(Object.keys(models))('%s', async (name) => {
    expect(await disagreement(models[name]!(), new Rng(name))).toBeLessThan(TOLERANCE);
  });
});
