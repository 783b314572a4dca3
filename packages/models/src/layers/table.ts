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
import { dense } from './dense.ts';
import { dot } from './dot.ts';
import type { LayerKind } from './layer.ts';
import { add, average, concatenate, maximum, minimum, multiply, subtract } from './merging.ts';
import { batchNormalization, layerNormalization } from './normalization.ts';
import { flatten, permute, repeatVector, reshape } from './shaping.ts';
import { timeDistributed } from './time-distributed.ts';

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
  ['Dropout', identity],
  ['AlphaDropout', identity],
  ['GaussianDropout', identity],
  ['GaussianNoise', identity],
  ['SpatialDropout1D', identity],
  ['SpatialDropout2D', identity],
  ['SpatialDropout3D', identity],
  ['ActivityRegularization', identity],
  ['TimeDistributed', timeDistributed((className) => layerKinds.get(className))],
]);
