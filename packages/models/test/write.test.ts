import * as tfc from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denseNetwork, formatLayersModel, parseLayersModel, readLayersModel, writeLayersModel } from '@ntk/models';
import { Rng, outputCount } from '@ntk/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { denseWeights, layer, sequentialFiles } from './model-files.ts';
import { load, outputsOf, predict, randomInputs, randomize, save, worst } from './tfjs.ts';

const TOLERANCE = 2e-6;

beforeAll(() => tfc.setBackend('cpu'));

describe('written files', () => {
  it.each(['tanh', 'relu', 'gelu', 'swish', 'softplus', 'hard_sigmoid'])(
    'of a dense network with %s load in TensorFlow.js and agree',
    async (activation) => {
      const network = denseNetwork({ inputs: 3, hidden: [8, 5], outputs: 2, activation, rng: new Rng(activation) });
      const model = await load(formatLayersModel(network));
      const x = randomInputs(new Rng(1), 12);
      expect(worst(predict(model, x, 4), await outputsOf(network, x))).toBeLessThan(TOLERANCE);
    },
  );

  it('keep the activation that was split off', async () => {
    const network = denseNetwork({ inputs: 3, hidden: [4], outputs: 3, outputActivation: 'softmax', rng: new Rng(2) });
    const files = formatLayersModel(network);
    const x = randomInputs(new Rng(1), 6);
    const kept = parseLayersModel(files.modelJson, files.weights, { outputActivation: 'keep' });
    expect(worst(predict(await load(files), x, 2), await outputsOf(kept, x))).toBeLessThan(TOLERANCE);
    expect(parseLayersModel(files.modelJson, files.weights)).toEqual(network);
  });

  it('of a network that was read, with new values, load in TensorFlow.js and agree', async () => {
    const x = tfl.input({ shape: [4] });
    const shared = tfl.layers.dense({ units: 4, activation: 'relu' });
    const normalised = tfl.layers.batchNormalization().apply(shared.apply(shared.apply(x))) as tfl.SymbolicTensor;
    const model = tfl.model({
      inputs: x,
      outputs: tfl.layers.dense({ units: 2, activation: 'sigmoid' }).apply(normalised) as tfl.SymbolicTensor,
    });
    randomize(model, new Rng(3));
    const saved = await save(model);
    const network = parseLayersModel(saved.modelJson, saved.weights, { outputActivation: 'keep' });
    const changed = { ...network, values: network.values.map((array) => array.map((value) => 1.25 * value)) };
    const inputs = randomInputs(new Rng(4), 12);
    expect(
      worst(predict(await load(formatLayersModel(changed)), inputs, 3), await outputsOf(changed, inputs)),
    ).toBeLessThan(TOLERANCE);
  });

  it('hold what was read, to the bit', async () => {
    const network = denseNetwork({ inputs: 2, hidden: [3], outputs: 1, rng: new Rng(5) });
    const directory = await mkdtemp(join(tmpdir(), 'ntk-models-'));
    try {
      await writeLayersModel(network, join(directory, 'new/model'));
      expect(await readdir(join(directory, 'new/model'))).toEqual(['model.json', 'weights.bin']);
      expect(await readLayersModel(join(directory, 'new/model'))).toEqual(network);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('name weights as TensorFlow.js looks for them', async () => {
    const weights = denseWeights('model/d', 3, 2).map((weight) => ({ ...weight, name: `${weight.name}:0` }));
    const { modelJson, weights: bytes } = sequentialFiles([3], [layer('Dense', 'd', { units: 2 })], weights);
    const network = parseLayersModel(modelJson, bytes);
    const x = randomInputs(new Rng(6), 6);
    expect(worst(predict(await load(formatLayersModel(network)), x, 2), await outputsOf(network, x))).toBeLessThan(
      TOLERANCE,
    );
  });

  it('are refused for a network without layers, or with other ones', () => {
    const network = denseNetwork({ inputs: 2, hidden: [3], outputs: 1, rng: new Rng(5) });
    const { topology, ...meta } = network.meta;
    const expected = 'expected one as readLayersModel or denseNetwork gives it; write that one with new values';
    expect(() => formatLayersModel({ ...network, meta })).toThrow(
      `formatLayersModel: got the network 'dense_network' without layers, ${expected}`,
    );
    const other = denseNetwork({ inputs: 2, hidden: [3], outputs: 1, activation: 'relu', rng: new Rng(5) });
    expect(() => formatLayersModel({ ...other, meta: { ...meta, ...(topology && { topology }) } })).toThrow(
      `formatLayersModel: got the network 'dense_network' whose layers were changed, ${expected}`,
    );
  });
});

describe('a dense network', () => {
  it('is the same for the same seed and another for another', () => {
    const build = (seed: number): Float32Array =>
      denseNetwork({ inputs: 3, hidden: [4], outputs: 2, rng: new Rng(seed) }).values[0] as Float32Array;
    expect(build(1)).toEqual(build(1));
    expect(build(1)).not.toEqual(build(2));
  });

  it.each([
    ['glorotUniform', 2 / 300],
    ['glorotNormal', 2 / 300],
    ['heUniform', 2 / 100],
    ['heNormal', 2 / 100],
    ['lecunUniform', 1 / 100],
    ['lecunNormal', 1 / 100],
  ] as const)('starts with kernels of the variance of %s and no biases', (initializer, variance) => {
    const { values } = denseNetwork({
      inputs: 100,
      hidden: [],
      outputs: 200,
      initializer,
      rng: new Rng(7),
      dtype: 'float64',
    });
    const [kernel, bias] = values.map((array) => Array.from(array)) as [number[], number[]];
    const mean = kernel.reduce((sum, value) => sum + value, 0) / kernel.length;
    const second = kernel.reduce((sum, value) => sum + value * value, 0) / kernel.length;
    // 20,000 draws: five standard errors of a mean and of a normal's variance.
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(variance / 20_000));
    expect(Math.abs(second / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
    if (initializer.endsWith('Uniform')) expect(Math.max(...kernel)).toBeLessThan(Math.sqrt(3 * variance));
    expect([...bias].every((value) => value === 0)).toBe(true);
  });

  it('without hidden layers is linear', () => {
    const network = denseNetwork({ inputs: 3, hidden: [], outputs: 2, rng: new Rng(1) });
    expect(network.parameters.map(({ name }) => name)).toEqual(['dense/kernel', 'dense/bias']);
    expect(outputCount(network)).toBe(2);
  });

  it('refuses widths and initializers that are none', () => {
    const rng = new Rng(1);
    expect(() => denseNetwork({ inputs: 3, hidden: [0], outputs: 2, rng })).toThrow(
      'denseNetwork: got the width 0, expected positive integers for inputs, hidden and outputs',
    );
    expect(() => denseNetwork({ inputs: 3, hidden: [], outputs: 2, rng, initializer: 'ones' as 'heNormal' })).toThrow(
      "denseNetwork: got the initializer 'ones', expected one of glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal",
    );
    expect(() => denseNetwork({ inputs: 3, hidden: [2], outputs: 2, rng, activation: 'sine' })).toThrow(
      "denseNetwork: got Dense with the activation 'sine' ('dense'), which this version does not read; replace it in the model, expected the activations linear, relu,",
    );
  });
});
