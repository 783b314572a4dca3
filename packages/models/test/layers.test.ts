import * as tfc from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Rng } from '@ntk/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { disagreement } from './tfjs.ts';

/** Single precision in TensorFlow.js, through a few layers. */
const TOLERANCE = 2e-6;

beforeAll(() => tfc.setBackend('cpu'));

function chain(shape: number[], ...layers: tfl.layers.Layer[]): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(tfl.layers.inputLayer({ inputShape: shape }));
  for (const layer of layers) model.add(layer);
  return model;
}

const activations = [
  'linear',
  'relu',
  'relu6',
  'tanh',
  'sigmoid',
  'hardSigmoid',
  'softplus',
  'softsign',
  'elu',
  'selu',
  'gelu',
  'gelu_new',
  'swish',
  'mish',
  'softmax',
  'logSoftmax',
] as const;

describe('activations agree with TensorFlow.js, there and back', () => {
  it.each(activations)('%s', async (activation) => {
    const model = chain(
      [3],
      tfl.layers.dense({ units: 7, activation: activation as 'relu' }),
      tfl.layers.activation({ activation: activation as 'relu' }),
      tfl.layers.dense({ units: 2 }),
    );
    // TensorFlow.js cannot read gelu_new back, not from its own files either.
    const back = activation !== 'gelu_new';
    expect(await disagreement(model, new Rng(activation), { back })).toBeLessThan(TOLERANCE);
  });
});

const flat = (): tfl.layers.Layer => tfl.layers.flatten();

const models: Record<string, () => tfl.LayersModel> = {
  'dense without bias': () => chain([4], tfl.layers.dense({ units: 3, useBias: false })),
  'dense over a sequence': () => chain([3, 4], tfl.layers.dense({ units: 5, activation: 'tanh' }), flat()),
  'dense over a grid': () => chain([2, 3, 4], tfl.layers.dense({ units: 2 }), flat()),
  ReLU: () => chain([5], tfl.layers.reLU()),
  'ReLU with a limit': () => chain([5], tfl.layers.reLU({ maxValue: 0.5 })),
  LeakyReLU: () => chain([5], tfl.layers.leakyReLU({ alpha: 0.1 })),
  'LeakyReLU by default': () => chain([5], tfl.layers.leakyReLU()),
  ELU: () => chain([5], tfl.layers.elu()),
  ThresholdedReLU: () => chain([5], tfl.layers.thresholdedReLU({ theta: 0.4 })),
  PReLU: () => chain([5], tfl.layers.prelu()),
  'PReLU with shared axes': () => chain([3, 4], tfl.layers.prelu({ sharedAxes: [1] }), flat()),
  Softmax: () => chain([5], tfl.layers.softmax()),
  Reshape: () => chain([12], tfl.layers.reshape({ targetShape: [3, 4] }), tfl.layers.dense({ units: 2 }), flat()),
  Permute: () => chain([2, 3, 4], tfl.layers.permute({ dims: [3, 1, 2] }), flat(), tfl.layers.dense({ units: 3 })),
  RepeatVector: () => chain([3], tfl.layers.repeatVector({ n: 4 }), flat(), tfl.layers.dense({ units: 2 })),
  'dropout and noise': () =>
    chain(
      [6],
      tfl.layers.dropout({ rate: 0.5 }),
      tfl.layers.gaussianNoise({ stddev: 1 }),
      tfl.layers.gaussianDropout({ rate: 0.5 }),
      tfl.layers.alphaDropout({ rate: 0.5 }),
    ),
  'spatial dropout': () => chain([2, 3], tfl.layers.spatialDropout1d({ rate: 0.5 }), flat()),
  BatchNormalization: () => chain([6], tfl.layers.batchNormalization()),
  'BatchNormalization without scale': () => chain([6], tfl.layers.batchNormalization({ scale: false, epsilon: 0.1 })),
  'BatchNormalization without centre': () => chain([6], tfl.layers.batchNormalization({ center: false })),
  'BatchNormalization over channels': () => chain([2, 3, 4], tfl.layers.batchNormalization(), flat()),
  LayerNormalization: () => chain([6], tfl.layers.layerNormalization()),
  'LayerNormalization over a sequence': () => chain([3, 4], tfl.layers.layerNormalization({ epsilon: 0.01 }), flat()),
  'LayerNormalization over two axes': () => chain([3, 4], tfl.layers.layerNormalization({ axis: [1, 2] }), flat()),
  Rescaling: () => chain([3], tfl.layers.rescaling({ scale: 2, offset: -1 })),
  'TimeDistributed dense': () =>
    chain([3, 4], tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 2, activation: 'relu' }) }), flat()),
};

describe('layers agree with TensorFlow.js, there and back', () => {
  it.each(Object.keys(models))('%s', async (name) => {
    expect(await disagreement(models[name]!(), new Rng(name))).toBeLessThan(TOLERANCE);
  });
});

describe('layers that merge agree with TensorFlow.js, there and back', () => {
  const merges: Record<string, () => tfl.layers.Layer> = {
    Add: () => tfl.layers.add(),
    Multiply: () => tfl.layers.multiply(),
    Average: () => tfl.layers.average(),
    Maximum: () => tfl.layers.maximum(),
    Minimum: () => tfl.layers.minimum(),
    Concatenate: () => tfl.layers.concatenate(),
  };
  it.each(Object.keys(merges))('%s of three', async (name) => {
    const x = tfl.input({ shape: [4] });
    const branches = ['relu', 'tanh', 'linear'].map(
      (activation) => tfl.layers.dense({ units: 3, activation: activation as 'relu' }).apply(x) as tfl.SymbolicTensor,
    );
    const model = tfl.model({ inputs: x, outputs: merges[name]!().apply(branches) as tfl.SymbolicTensor });
    expect(await disagreement(model, new Rng(name))).toBeLessThan(TOLERANCE);
  });

  it('Concatenate along a sequence', async () => {
    const inputs = [tfl.input({ shape: [2, 3] }), tfl.input({ shape: [4, 3] })];
    const joined = tfl.layers.concatenate({ axis: 1 }).apply(inputs) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs, outputs: flat().apply(joined) as tfl.SymbolicTensor });
    expect(await disagreement(model, new Rng(1))).toBeLessThan(TOLERANCE);
  });

  it.each([
    { shapes: [[5], [5]], axes: -1, normalize: false },
    { shapes: [[5], [5]], axes: -1, normalize: true },
    {
      shapes: [
        [2, 5],
        [3, 5],
      ],
      axes: 2,
      normalize: false,
    },
    {
      shapes: [
        [5, 2],
        [3, 5],
      ],
      axes: [1, 2],
      normalize: false,
    },
  ])('Dot of $shapes over $axes, normalize $normalize', async ({ shapes, axes, normalize }) => {
    const inputs = shapes.map((shape) => tfl.input({ shape }));
    const product = tfl.layers
      .dot({ axes: axes as number | [number, number], normalize })
      .apply(inputs) as tfl.SymbolicTensor;
    const model = tfl.model({
      inputs,
      outputs: product.shape.length > 2 ? (flat().apply(product) as tfl.SymbolicTensor) : product,
    });
    expect(await disagreement(model, new Rng(2))).toBeLessThan(TOLERANCE);
  });
});
