import { floats, ints } from '../onnx-model.ts';
import { draw, images, node, one, type OpCase } from './op-case.ts';

/** Filters, windows and resizing. */
export const convolutions: Record<string, OpCase> = {
  Conv: one('Conv', {}, { ...images, tensors: { w: draw(3, 4, 2, 3), b: draw(3) } }),
  'Conv with strides, pads and dilations': one(
    'Conv',
    { strides: [2, 1], pads: [1, 0, 2, 1], dilations: [1, 2] },
    { ...images, tensors: { w: draw(3, 4, 3, 2) } },
  ),
  'Conv in groups': one('Conv', { group: 2 }, { ...images, tensors: { w: draw(6, 2, 2, 2), b: draw(6) } }),
  'Conv, same at the end': one(
    'Conv',
    { auto_pad: 'SAME_UPPER', strides: [2, 2] },
    { ...images, tensors: { w: draw(2, 4, 3, 2) } },
  ),
  'Conv, same at the beginning': one(
    'Conv',
    { auto_pad: 'SAME_LOWER', strides: [2, 2] },
    { ...images, tensors: { w: draw(2, 4, 2, 2) } },
  ),
  'Conv of a sequence': one('Conv', { pads: [2, 0] }, { shape: [4, 7], tensors: { w: draw(3, 4, 3), b: draw(3) } }),
  ConvTranspose: one(
    'ConvTranspose',
    { strides: [2, 3], pads: [0, 1, 1, 0] },
    { ...images, tensors: { w: draw(4, 2, 3, 2), b: draw(2) } },
  ),
  'ConvTranspose with more output': one(
    'ConvTranspose',
    { strides: [2, 2], output_padding: [1, 0], pads: [1, 1, 1, 1] },
    { ...images, tensors: { w: draw(4, 2, 3, 3) } },
  ),
  'ConvTranspose in groups': one(
    'ConvTranspose',
    { group: 2, dilations: [2, 1] },
    { ...images, tensors: { w: draw(4, 3, 2, 2) } },
  ),
  'ConvTranspose to a size': one(
    'ConvTranspose',
    { strides: [2, 2], output_shape: [12, 10] },
    { ...images, tensors: { w: draw(4, 2, 3, 3) } },
  ),
  'ConvTranspose of a sequence': one(
    'ConvTranspose',
    { strides: [2] },
    { shape: [4, 5], tensors: { w: draw(4, 2, 3) } },
  ),
  MaxPool: one('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] }, images),
  'MaxPool, padded and dilated': one(
    'MaxPool',
    { kernel_shape: [3, 2], pads: [1, 0, 1, 1], dilations: [2, 1] },
    images,
  ),
  'MaxPool, rounding up': one('MaxPool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }, images),
  'MaxPool of a sequence': one('MaxPool', { kernel_shape: [3], strides: [2] }, { shape: [2, 9] }),
  AveragePool: one('AveragePool', { kernel_shape: [2, 3] }, images),
  'AveragePool that counts its padding': one(
    'AveragePool',
    { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
    images,
  ),
  'AveragePool that does not': one(
    'AveragePool',
    { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
    images,
  ),
  'AveragePool, same': one('AveragePool', { kernel_shape: [3, 2], auto_pad: 'SAME_UPPER' }, images),
  'AveragePool, dilated': one('AveragePool', { kernel_shape: [2, 2], dilations: [2, 2] }, { ...images, opset: 19 }),
  GlobalAveragePool: one('GlobalAveragePool', {}, images),
  GlobalMaxPool: one('GlobalMaxPool', {}, images),
  ...Object.fromEntries(
    [
      ['nearest', 'asymmetric', 'floor'],
      ['nearest', 'half_pixel', 'round_prefer_floor'],
      ['nearest', 'align_corners', 'round_prefer_ceil'],
      ['nearest', 'asymmetric', 'ceil'],
      ['nearest', 'asymmetric', 'round_prefer_floor'],
      ['linear', 'half_pixel', ''],
      ['linear', 'pytorch_half_pixel', ''],
      ['linear', 'align_corners', ''],
      ['linear', 'asymmetric', ''],
    ].flatMap(([mode, coordinates, rounding]) =>
      [
        [2, 3],
        [1.5, 0.6],
      ].map((scales) => [
        `Resize by ${scales.join(', ')}, ${mode} ${coordinates} ${rounding}`,
        {
          ...images,
          nodes: [
            node('Resize', 'x - s', 'y', {
              mode: mode!,
              coordinate_transformation_mode: coordinates!,
              ...(rounding !== '' && { nearest_mode: rounding! }),
            }),
          ],
          tensors: { s: floats([4], [1, 1, ...scales]) },
        },
      ]),
    ),
  ),
  'Resize to a size': {
    ...images,
    shape: [4, 6, 5],
    nodes: [node('Resize', 'x - - s', 'y', { mode: 'linear' })],
    tensors: { s: ints(4, 4, 9, 3) },
  },
  'Resize of some axes': {
    shape: [4, 6, 5],
    nodes: [node('Resize', 'x - s', 'y', { axes: [2, 3] })],
    tensors: { s: floats([2], [2, 2]) },
    opset: 18,
  },
  'Resize of a sequence': {
    shape: [4, 6],
    nodes: [node('Resize', 'x - s', 'y', { mode: 'linear' })],
    tensors: { s: floats([3], [1, 1, 2]) },
  },
};

/** Normalisations. */
export const normalizations: Record<string, OpCase> = {
  BatchNormalization: one(
    'BatchNormalization',
    { epsilon: 0.01 },
    { ...images, tensors: { s: draw(4), b: draw(4), m: draw(4), v: floats([4], [0.5, 1, 2, 0.1]) } },
  ),
  'BatchNormalization of a vector': one(
    'BatchNormalization',
    {},
    { shape: [4], tensors: { s: draw(4), b: draw(4), m: draw(4), v: floats([4], [0.5, 1, 2, 0.1]) } },
  ),
  LayerNormalization: one('LayerNormalization', {}, { tensors: { s: draw(3), b: draw(3) } }),
  'LayerNormalization over two axes': one(
    'LayerNormalization',
    { axis: 1, epsilon: 0.1 },
    { shape: [2, 3], tensors: { s: draw(2, 3), b: draw(2, 3) } },
  ),
  'LayerNormalization without shift': one('LayerNormalization', { axis: -1 }, { tensors: { s: draw(3) } }),
  InstanceNormalization: one('InstanceNormalization', {}, { ...images, tensors: { s: draw(4), b: draw(4) } }),
  'GroupNormalization, opset 21': one(
    'GroupNormalization',
    { num_groups: 2 },
    { ...images, opset: 21, tensors: { s: draw(4), b: draw(4) } },
  ),
};
