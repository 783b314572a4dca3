import {
  activation,
  elu,
  identity,
  leakyRelu,
  prelu,
  relu,
  rescaling,
  softmax,
  thresholdedRelu,
} from './activation-layers.ts';
import { additiveAttention, attention, multiHeadAttention } from './attention.ts';
import { cropping, zeroPadding } from './borders.ts';
import { convolution } from './convolution.ts';
import { dense } from './dense.ts';
import { depthwiseConvolution, separableConvolution } from './depthwise.ts';
import { dot } from './dot.ts';
import { einsumDense } from './einsum-dense.ts';
import { embedding, masking } from './embedding.ts';
import type { LayerKind } from './layer.ts';
import { add, average, concatenate, maximum, minimum, multiply, subtract } from './merging.ts';
import { batchNormalization, groupNormalization, layerNormalization, storedNormalization } from './normalization.ts';
import { averagePooling, globalAveragePooling, globalMaxPooling, maxPooling } from './pooling.ts';
import { bidirectional } from './recurrent/bidirectional.ts';
import { recurrent } from './recurrent/recurrent-layer.ts';
import { flatten, permute, repeatVector, reshape } from './shaping.ts';
import { timeDistributed } from './time-distributed.ts';
import { transposedConvolution } from './transposed-convolution.ts';
import { upsampling } from './upsampling.ts';

/** Every supported layer by its Keras class name. */
export const layerKinds: ReadonlyMap<string, LayerKind> = new Map<string, LayerKind>([
  ['Dense', dense],
  ['Activation', activation],
  ['ReLU', relu],
  ['LeakyReLU', leakyRelu],
  ['PReLU', prelu],
  ['ELU', elu],
  ['ThresholdedReLU', thresholdedRelu],
  ['Softmax', softmax],
  ['Rescaling', rescaling],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Permute', permute],
  ['RepeatVector', repeatVector],
  ['Add', add],
  ['Subtract', subtract],
  ['Multiply', multiply],
  ['Average', average],
  ['Maximum', maximum],
  ['Minimum', minimum],
  ['Concatenate', concatenate],
  ['Dot', dot],
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  ['GroupNormalization', groupNormalization],
  ['Normalization', storedNormalization],
  ['Conv1D', convolution(1)],
  ['Conv2D', convolution(2)],
  ['DepthwiseConv1D', depthwiseConvolution(1)],
  ['DepthwiseConv2D', depthwiseConvolution(2)],
  ['SeparableConv1D', separableConvolution(1)],
  ['SeparableConv2D', separableConvolution(2)],
  ['Conv1DTranspose', transposedConvolution(1)],
  ['Conv2DTranspose', transposedConvolution(2)],
  ['MaxPooling1D', maxPooling(1)],
  ['MaxPooling2D', maxPooling(2)],
  ['AveragePooling1D', averagePooling(1)],
  ['AveragePooling2D', averagePooling(2)],
  ['GlobalMaxPooling1D', globalMaxPooling(1)],
  ['GlobalMaxPooling2D', globalMaxPooling(2)],
  ['GlobalAveragePooling1D', globalAveragePooling(1)],
  ['GlobalAveragePooling2D', globalAveragePooling(2)],
  ['ZeroPadding1D', zeroPadding(1)],
  ['ZeroPadding2D', zeroPadding(2)],
  ['Cropping1D', cropping(1)],
  ['Cropping2D', cropping(2)],
  ['UpSampling1D', upsampling(1)],
  ['UpSampling2D', upsampling(2)],
  ['Embedding', embedding],
  ['Masking', masking],
  ['SimpleRNN', recurrent('SimpleRNN')],
  ['GRU', recurrent('GRU')],
  ['LSTM', recurrent('LSTM')],
  ['ConvLSTM2D', recurrent('ConvLSTM2D')],
  ['RNN', recurrent('RNN')],
  ['Bidirectional', bidirectional],
  ['Attention', attention],
  ['AdditiveAttention', additiveAttention],
  ['MultiHeadAttention', multiHeadAttention],
  ['EinsumDense', einsumDense],
  ['Dropout', identity],
  ['AlphaDropout', identity],
  ['GaussianDropout', identity],
  ['GaussianNoise', identity],
  ['SpatialDropout1D', identity],
  ['SpatialDropout2D', identity],
  ['SpatialDropout3D', identity],
  ['ActivityRegularization', identity],
  ['RandomFlip', identity],
  ['RandomRotation', identity],
  ['RandomTranslation', identity],
  ['RandomZoom', identity],
  ['RandomContrast', identity],
  ['RandomBrightness', identity],
  ['TimeDistributed', timeDistributed((className) => layerKinds.get(className))],
]);
