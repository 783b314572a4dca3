import * as tfc from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Rng } from '@ntk/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { disagreement } from './tfjs.ts';

/** Single precision in TensorFlow.js, through some steps. */
const TOLERANCE = 3e-6;

beforeAll(() => tfc.setBackend('cpu'));

function chain(shape: number[], ...layers: tfl.layers.Layer[]): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(tfl.layers.inputLayer({ inputShape: shape }));
  for (const layer of layers) model.add(layer);
  return model;
}

const flat = (): tfl.layers.Layer => tfl.layers.flatten();

const makers = {
  simpleRNN: (args: object) => tfl.layers.simpleRNN({ units: 4, ...args }),
  gru: (args: object) => tfl.layers.gru({ units: 4, ...args }),
  lstm: (args: object) => tfl.layers.lstm({ units: 4, ...args }),
} as const;

const cells = {
  simpleRNN: (args: object) => tfl.layers.simpleRNNCell({ units: 3, ...args }),
  gru: (args: object) => tfl.layers.gruCell({ units: 2, ...args }),
  lstm: (args: object) => tfl.layers.lstmCell({ units: 4, ...args }),
} as const;

const names = ['simpleRNN', 'gru', 'lstm'] as const;

describe.each(names)('%s agrees with TensorFlow.js, there and back', (name) => {
  const make = makers[name];
  const gates = name === 'simpleRNN' ? {} : { recurrentActivation: 'sigmoid' };
  it.each<[string, object, boolean]>([
    ['the last output', {}, false],
    ['all outputs', { returnSequences: true }, true],
    ['backwards', { goBackwards: true, returnSequences: true }, true],
    ['other activations', { activation: 'softsign', ...gates }, false],
    ['without bias', { useBias: false }, false],
    ['with dropout, which acts in training', { dropout: 0.4, recurrentDropout: 0.3 }, false],
  ])('%s', async (title, args, isSequence) => {
    const layers = isSequence ? [make(args), flat()] : [make(args)];
    expect(await disagreement(chain([5, 3], ...layers), new Rng(title))).toBeLessThan(TOLERANCE);
  });

  it('initial states, and states as outputs', async () => {
    const x = tfl.input({ shape: [4, 3] });
    const states = Array.from({ length: name === 'lstm' ? 2 : 1 }, () => tfl.input({ shape: [4] }));
    const outputs = make({ returnState: true }).apply([x, ...states]) as tfl.SymbolicTensor[];
    const model = tfl.model({ inputs: [x, ...states], outputs: tfl.layers.concatenate().apply(outputs) as never });
    expect(await disagreement(model, new Rng(name))).toBeLessThan(TOLERANCE);
  });

  it('an encoder that hands its states to a decoder', async () => {
    const [x, y] = [tfl.input({ shape: [4, 3] }), tfl.input({ shape: [2, 2] })];
    const [, ...states] = make({ returnState: true }).apply(x) as tfl.SymbolicTensor[];
    const decoded = make({}).apply([y, ...states]) as tfl.SymbolicTensor;
    expect(await disagreement(tfl.model({ inputs: [x, y], outputs: decoded }), new Rng(name))).toBeLessThan(TOLERANCE);
  });

  it.each(['concat', 'sum', 'ave', 'mul'] as const)('in both directions, merged by %s', async (mergeMode) => {
    for (const returnSequences of [false, true]) {
      const layer = tfl.layers.bidirectional({ layer: make({ returnSequences }), mergeMode });
      const model = chain([4, 3], ...(returnSequences ? [layer, flat()] : [layer]));
      expect(await disagreement(model, new Rng(mergeMode))).toBeLessThan(TOLERANCE);
    }
  });

  it('in both directions, apart and with states', async () => {
    const x = tfl.input({ shape: [4, 3] });
    const layer = tfl.layers.bidirectional({
      layer: make({ returnState: true }),
      mergeMode: null as never,
    });
    const outputs = layer.apply(x) as tfl.SymbolicTensor[];
    const model = tfl.model({ inputs: x, outputs: tfl.layers.concatenate().apply(outputs) as never });
    expect(await disagreement(model, new Rng(name))).toBeLessThan(TOLERANCE);
  });

  it('skips the steps that an embedding or a masking marks', async () => {
    const words = chain([6], tfl.layers.embedding({ inputDim: 3, outputDim: 3, maskZero: true }), make({}));
    expect(await disagreement(words, new Rng(name), { words: 3 })).toBeLessThan(TOLERANCE);
    const masked = chain(
      [6, 1],
      tfl.layers.masking({ maskValue: 1 }),
      tfl.layers.bidirectional({ layer: make({ returnSequences: true }), mergeMode: 'concat' }),
      make({ goBackwards: true }),
    );
    expect(await disagreement(masked, new Rng(name), { words: 3 })).toBeLessThan(TOLERANCE);
  });

  it('as a cell of RNN', async () => {
    const model = chain([4, 3], tfl.layers.rnn({ cell: cells[name]({}), returnSequences: true }), flat());
    expect(await disagreement(model, new Rng(name), { back: false })).toBeLessThan(TOLERANCE);
  });
});

it('stacked cells agree with TensorFlow.js', async () => {
  const stack = names.map((name) => cells[name]({}));
  const model = chain([4, 3], tfl.layers.rnn({ cell: stack }));
  expect(await disagreement(model, new Rng(1), { back: false })).toBeLessThan(TOLERANCE);
});

describe('ConvLSTM2D agrees with TensorFlow.js, there and back', () => {
  it.each<[string, object]>([
    ['the last output', {}],
    ["padded, 'same'", { padding: 'same', returnSequences: true }],
    ['with strides, backwards', { strides: 2, goBackwards: true, useBias: false }],
    ['dilated', { dilationRate: 2, kernelSize: [2, 1], activation: 'softsign' }],
  ])('%s', async (title, args) => {
    const layer = tfl.layers.convLstm2d({ filters: 3, kernelSize: [2, 3], ...args });
    expect(await disagreement(chain([3, 5, 6, 2], layer, flat()), new Rng(title))).toBeLessThan(TOLERANCE);
  });
});

describe('layers of sequences agree with TensorFlow.js, there and back', () => {
  it('Embedding', async () => {
    const model = chain(
      [5],
      tfl.layers.embedding({ inputDim: 7, outputDim: 3 }),
      flat(),
      tfl.layers.dense({ units: 2 }),
    );
    expect(await disagreement(model, new Rng(1), { words: 7 })).toBeLessThan(TOLERANCE);
  });

  it.each<[string, number[], () => tfl.layers.Layer]>([
    ['Conv2D', [3, 5, 4, 2], () => tfl.layers.conv2d({ filters: 3, kernelSize: 2, activation: 'tanh' })],
    ['a pooling', [3, 4, 4, 2], () => tfl.layers.maxPooling2d({ poolSize: 2 })],
    ['Flatten', [3, 2, 2], () => tfl.layers.flatten()],
    ['LSTM', [3, 4, 2], () => tfl.layers.lstm({ units: 2 })],
    ['BatchNormalization', [3, 4], () => tfl.layers.batchNormalization()],
  ])('TimeDistributed around %s', async (name, shape, inner) => {
    const model = chain(shape, tfl.layers.timeDistributed({ layer: inner() }), flat());
    expect(await disagreement(model, new Rng(name))).toBeLessThan(TOLERANCE);
  });
});

it('attention made of Dot, softmax and Permute agrees with TensorFlow.js, there and back', async () => {
  const x = tfl.input({ shape: [4, 6] });
  const [q, k, v] = [3, 3, 2].map((units) => tfl.layers.dense({ units }).apply(x) as tfl.SymbolicTensor);
  const scores = tfl.layers.dot({ axes: [2, 2] }).apply([q!, k!]) as tfl.SymbolicTensor;
  const weights = tfl.layers.activation({ activation: 'softmax' }).apply(scores) as tfl.SymbolicTensor;
  const turned = tfl.layers.permute({ dims: [2, 1] }).apply(weights) as tfl.SymbolicTensor;
  const mixed = tfl.layers.dot({ axes: [1, 1] }).apply([turned, v!]) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: x, outputs: tfl.layers.flatten().apply(mixed) as tfl.SymbolicTensor });
  expect(await disagreement(model, new Rng(1))).toBeLessThan(TOLERANCE);
});
