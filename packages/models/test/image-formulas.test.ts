import { parseLayersModel, type LayersModelFiles } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { layer, modelFiles, sequentialFiles, type HandWeight, type LayerJson } from './model-files.ts';
import { outputsOf } from './tfjs.ts';

/** Layers and options on images and sequences that TensorFlow.js lacks or gets wrong, against their definitions. */

async function evaluate({ modelJson, weights }: LayersModelFiles, x: readonly number[]): Promise<number[]> {
  return [...(await outputsOf(parseLayersModel(modelJson, weights), Float64Array.from(x)))];
}

function weight(name: string, shape: readonly number[], values: readonly number[]): HandWeight {
  return { name, shape, values };
}

/** A layer on one input, its result flattened. */
function applied(
  inputShape: readonly number[],
  one: LayerJson,
  weights: readonly HandWeight[],
  x: readonly number[],
): Promise<number[]> {
  return evaluate(sequentialFiles(inputShape, [one, layer('Flatten', 'flat')], weights), x);
}

describe('sequences', () => {
  it('Conv1D with causal padding looks back only', async () => {
    const config = { filters: 1, kernel_size: [2], padding: 'causal', dilation_rate: [2], use_bias: false };
    const kernel = weight('c/kernel', [2, 1, 1], [10, 1]);
    expect(await applied([5, 1], layer('Conv1D', 'c', config), [kernel], [1, 2, 3, 4, 5])).toEqual([1, 2, 13, 24, 35]);
  });

  it('SeparableConv1D', async () => {
    const config = { filters: 1, kernel_size: 2, depth_multiplier: 1, use_bias: false };
    const weights = [
      weight('s/depthwise_kernel', [2, 2, 1], [1, 2, 3, 4]),
      weight('s/pointwise_kernel', [1, 2, 1], [1, 10]),
    ];
    // Channels (1, 2), (3, 4): 1·1 + 3·3 = 10 and 2·2 + 4·4 = 20.
    expect(await applied([2, 2], layer('SeparableConv1D', 's', config), weights, [1, 2, 3, 4])).toEqual([210]);
  });

  it('Conv1DTranspose', async () => {
    const config = { filters: 1, kernel_size: 3, strides: 2, use_bias: false };
    const kernel = weight('c/kernel', [3, 1, 1], [1, 2, 3]);
    expect(await applied([2, 1], layer('Conv1DTranspose', 'c', config), [kernel], [1, 10])).toEqual([1, 2, 13, 20, 30]);
  });

  it.each([
    ['ZeroPadding1D', { padding: [1, 2] }, [0, 1, 2, 3, 0, 0]],
    ['ZeroPadding1D', { padding: 1 }, [0, 1, 2, 3, 0]],
    ['Cropping1D', { cropping: [1, 0] }, [2, 3]],
    ['UpSampling1D', { size: 2 }, [1, 1, 2, 2, 3, 3]],
  ])('%s %o', async (className, config, expected) => {
    expect(await applied([3, 1], layer(className, 'l', config), [], [1, 2, 3])).toEqual(expected);
  });
});

describe('images', () => {
  it('Conv2D in groups', async () => {
    const config = { filters: 2, kernel_size: 1, groups: 2, use_bias: false };
    const kernel = weight('c/kernel', [1, 1, 2, 2], [1, 10, 2, 20]);
    // Filter 0 reads channels 0 and 1, filter 1 channels 2 and 3.
    expect(await applied([1, 1, 4], layer('Conv2D', 'c', config), [kernel], [1, 2, 3, 4])).toEqual([5, 110]);
  });

  it('DepthwiseConv2D with dilation and multiplier, under the name of Keras 3', async () => {
    const config = { kernel_size: 2, dilation_rate: 2, depth_multiplier: 2, use_bias: false };
    const kernel = weight('d/kernel', [2, 2, 1, 2], [1, -1, 10, -10, 100, -100, 1000, -1000]);
    const layers = [
      layer('InputLayer', 'i', { batch_shape: [null, 3, 3, 1] }),
      layer('DepthwiseConv2D', 'd', config),
      layer('Flatten', 'f'),
    ];
    const files = modelFiles({ class_name: 'Sequential', config: { name: 'm', layers } }, [kernel], '3.4.1');
    // The corners of the image.
    expect(await evaluate(files, [1, 0, 2, 0, 0, 0, 3, 0, 4])).toEqual([4321, -4321]);
  });

  it('SeparableConv2D with a multiplier', async () => {
    const config = { filters: 1, kernel_size: 1, depth_multiplier: 2, use_bias: false };
    const weights = [
      weight('s/depthwise_kernel', [1, 1, 2, 2], [1, 2, 3, 4]),
      weight('s/pointwise_kernel', [1, 1, 4, 1], [1, 10, 100, 1000]),
    ];
    // Channel 0 gives (1, 2), channel 1 (6, 8): the multiplier is fastest.
    expect(await applied([1, 1, 2], layer('SeparableConv2D', 's', config), weights, [1, 2])).toEqual([8621]);
  });

  it.each([
    ['valid', 1, [1, 2, 3, 10, 20, 30, 100, 200, 300, 0]],
    ['same', 0, [2, 3, 10, 20, 30, 100, 200]],
  ] as const)('Conv2DTranspose with padding %s and output_padding %i', async (padding, extra, expected) => {
    const moves = { kernel_size: [1, 3], strides: [1, 3], padding, output_padding: [0, extra] };
    const kernel = weight('c/kernel', [1, 3, 1, 1], [1, 2, 3]);
    const one = layer('Conv2DTranspose', 'c', { filters: 1, use_bias: false, ...moves });
    expect(await applied([1, 3, 1], one, [kernel], [1, 10, 100])).toEqual(expected);
  });

  it('padding never wins a MaxPooling2D, nor counts in an AveragePooling2D', async () => {
    const config = { pool_size: 2, strides: 2, padding: 'same' };
    const x = [-1, -2, -3, -4, -5, -6, -7, -8, -9];
    expect(await applied([3, 3, 1], layer('MaxPooling2D', 'p', config), [], x)).toEqual([-1, -3, -7, -9]);
    expect(await applied([3, 3, 1], layer('AveragePooling2D', 'p', config), [], x)).toEqual([-3, -4.5, -7.5, -9]);
  });

  it('GlobalAveragePooling2D that keeps its axes', async () => {
    expect(
      await applied([2, 2, 1], layer('GlobalAveragePooling2D', 'g', { keepdims: true }), [], [1, 2, 3, 6]),
    ).toEqual([3]);
  });

  it('GroupNormalization', async () => {
    const weights = [weight('g/gamma', [4], [1, 2, 3, 4]), weight('g/beta', [4], [0, 0, 1, 1])];
    const config = { groups: 2, epsilon: 0 };
    // Groups (1, 3 | 5, 7) over two pixels: means 3 and 5, deviations √(20/4) and √(20/4).
    const got = await applied([1, 2, 4], layer('GroupNormalization', 'g', config), weights, [0, 2, 2, 4, 4, 6, 6, 8]);
    const d = Math.sqrt(5);
    const expected = [-3 / d, -2 / d, -9 / d + 1, -4 / d + 1, 1 / d, 6 / d, 3 / d + 1, 12 / d + 1];
    got.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 14));
  });
});

describe('what is not read', () => {
  it.each([
    [
      'Conv2D',
      { filters: 1, kernel_size: 1, data_format: 'channels_first' },
      /Conv2D with the data_format 'channels_first'/,
    ],
    ['MaxPooling2D', { data_format: 'channels_first' }, /expected the data_format 'channels_last'/],
    ['UpSampling2D', { interpolation: 'bilinear' }, /the interpolation 'bilinear'.*'nearest'/],
    [
      'Conv2D',
      { filters: 1, kernel_size: 1, padding: 'causal' },
      /the padding 'causal'.*expected the paddings valid, same/,
    ],
    ['Conv2D', { filters: 1, kernel_size: [1, 2, 3] }, /3 extents \[1, 2, 3\].*expected two extents/],
  ])('%s %o', (className, config, message) => {
    const { modelJson, weights } = sequentialFiles([2, 2, 1], [layer(className, 'l', config), layer('Flatten', 'f')]);
    expect(() => parseLayersModel(modelJson, weights)).toThrow(message);
  });

  it('images where sequences are expected', () => {
    const { modelJson, weights } = sequentialFiles([2, 2, 1], [layer('MaxPooling1D', 'p'), layer('Flatten', 'f')]);
    expect(() => parseLayersModel(modelJson, weights)).toThrow(
      /layer 'p' \(MaxPooling1D\): got inputs of shape \[null, 2, 2, 1\], expected \[null, steps, channels\]/,
    );
  });

  it('more to crop than there is', () => {
    const { modelJson, weights } = sequentialFiles([2, 2, 1], [layer('Cropping2D', 'c'), layer('Flatten', 'f')]);
    expect(() => parseLayersModel(modelJson, weights)).toThrow(/got 1 and 1 to take from axis 1 of \[null, 2, 2, 1\]/);
  });
});
