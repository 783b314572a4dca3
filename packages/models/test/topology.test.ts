import * as tfc from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { parseLayersModel } from '@ntk/models';
import { Rng, outputCount, useSites } from '@ntk/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { denseWeights, functionalFiles, layer, modelFiles, type LayerJson } from './model-files.ts';
import { disagreement, outputsOf, save } from './tfjs.ts';

const TOLERANCE = 2e-6;

beforeAll(() => tfc.setBackend('cpu'));

type Tensor = tfl.SymbolicTensor;

const dense = (
  units: number,
  activation: 'tanh' | 'linear' | 'softmax' | 'sigmoid' = 'tanh',
  name?: string,
): tfl.layers.Layer => tfl.layers.dense({ units, activation, ...(name !== undefined && { name }) });

describe('graphs of layers agree with TensorFlow.js', () => {
  it('a branch and a skip', async () => {
    const x = tfl.input({ shape: [4] });
    const h = dense(4).apply(x) as Tensor;
    const skip = tfl.layers.add().apply([x, dense(4).apply(h) as Tensor]) as Tensor;
    const model = tfl.model({
      inputs: x,
      outputs: dense(2, 'linear').apply(tfl.layers.concatenate().apply([skip, h])) as Tensor,
    });
    expect(await disagreement(model, new Rng(1))).toBeLessThan(TOLERANCE);
  });

  it('a layer called twice shares its weights', async () => {
    const x = tfl.input({ shape: [3] });
    const shared = dense(3);
    const model = tfl.model({ inputs: x, outputs: shared.apply(shared.apply(x)) as Tensor });
    expect(await disagreement(model, new Rng(2))).toBeLessThan(TOLERANCE);
    const { modelJson, weights } = await save(model);
    const network = parseLayersModel(modelJson, weights);
    expect(network.parameters).toHaveLength(2);
    expect(useSites(network.program, 0)).toHaveLength(2);
  });

  it('two inputs of different shapes, flat in the order of the list', async () => {
    const a = tfl.input({ shape: [2, 3], name: 'second_by_name' });
    const b = tfl.input({ shape: [4], name: 'first_by_name' });
    const flat = tfl.layers.flatten().apply(a) as Tensor;
    const model = tfl.model({
      inputs: [a, b],
      outputs: dense(2).apply(tfl.layers.concatenate().apply([dense(3).apply(b) as Tensor, flat])) as Tensor,
    });
    expect(await disagreement(model, new Rng(3))).toBeLessThan(TOLERANCE);
    const { modelJson, weights } = await save(model);
    expect(parseLayersModel(modelJson, weights).meta.notes).toContain(
      'an example holds the inputs second_by_name [2, 3], first_by_name [4], flat, one after the other',
    );
  });

  it('two outputs, joined', async () => {
    const x = tfl.input({ shape: [3] });
    const h = dense(4).apply(x) as Tensor;
    const model = tfl.model({
      inputs: x,
      outputs: [dense(2, 'linear').apply(h) as Tensor, dense(3).apply(h) as Tensor],
    });
    expect(await disagreement(model, new Rng(4))).toBeLessThan(TOLERANCE);
  });

  it('an output with several axes, flattened', async () => {
    const model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 3, inputShape: [4, 2], activation: 'sigmoid' })],
    });
    // TensorFlow.js gives each output its own axes: its numbers lie in the same order.
    const { modelJson, weights } = await save(model);
    const network = parseLayersModel(modelJson, weights);
    expect(outputCount(network)).toBe(12);
    expect(network.meta.outputActivation).toBe('sigmoid');
    expect(network.meta.notes[0]).toBe('an output of shape [null, 4, 3] is flattened, its last axis fastest');
    expect(await disagreement(model, new Rng(4))).toBeLessThan(TOLERANCE);
  });

  it('a model inside a model, called twice', async () => {
    const inner = tfl.sequential({ name: 'inner' });
    inner.add(tfl.layers.dense({ units: 3, inputShape: [3], activation: 'tanh', name: 'inner_dense' }));
    inner.add(tfl.layers.dense({ units: 3, name: 'inner_out' }));
    const x = tfl.input({ shape: [3] });
    const model = tfl.model({
      inputs: x,
      outputs: dense(2, 'linear', 'head').apply(inner.apply(inner.apply(x))) as Tensor,
    });
    expect(await disagreement(model, new Rng(5))).toBeLessThan(TOLERANCE);
    const { modelJson, weights } = await save(model);
    const { parameters } = parseLayersModel(modelJson, weights);
    expect([...new Set(parameters.map((parameter) => parameter.layer))]).toEqual([
      'inner/inner_dense',
      'inner/inner_out',
      'head',
    ]);
  });

  it('a Sequential of a functional model with two outputs inside', async () => {
    const x = tfl.input({ shape: [3] });
    const inner = tfl.model({ inputs: x, outputs: dense(2).apply(x) as Tensor, name: 'core' });
    const model = tfl.sequential();
    model.add(inner);
    model.add(dense(2, 'linear'));
    expect(await disagreement(model, new Rng(6))).toBeLessThan(TOLERANCE);
  });

  it('an inner model of which both outputs are used', async () => {
    const u = tfl.input({ shape: [3] });
    const inner = tfl.model({
      inputs: u,
      outputs: [dense(2).apply(u) as Tensor, dense(2).apply(u) as Tensor],
      name: 'pair',
    });
    const x = tfl.input({ shape: [3] });
    const [first, second] = inner.apply(x) as Tensor[];
    const model = tfl.model({ inputs: x, outputs: tfl.layers.multiply().apply([second!, first!]) as Tensor });
    expect(await disagreement(model, new Rng(7))).toBeLessThan(TOLERANCE);
  });
});

describe('the final activation', () => {
  const classifier = async (
    activation: 'softmax' | 'sigmoid',
    ...after: tfl.layers.Layer[]
  ): ReturnType<typeof save> => {
    const model = tfl.sequential();
    model.add(tfl.layers.dense({ units: 3, inputShape: [2], activation }));
    for (const one of after) model.add(one);
    return save(model);
  };

  it.each(['softmax', 'sigmoid'] as const)('%s is split off and recorded', async (activation) => {
    const { modelJson, weights } = await classifier(activation);
    const logits = parseLayersModel(modelJson, weights);
    const kept = parseLayersModel(modelJson, weights, { outputActivation: 'keep' });
    expect(logits.meta.outputActivation).toBe(activation);
    expect(logits.meta.notes).toEqual([`the final ${activation} is split off: outputs are logits`]);
    expect(kept.meta.outputActivation).toBeUndefined();
    expect(kept.meta.notes).toEqual([`outputs end in ${activation}, which is part of the linearised function`]);
    const x = Float64Array.of(0.3, -0.7);
    const z = await outputsOf(logits, x);
    const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
    const p = z.map((value) => (activation === 'softmax' ? Math.exp(value) / total : 1 / (1 + Math.exp(-value))));
    (await outputsOf(kept, x)).forEach((value, i) => expect(value).toBeCloseTo(p[i]!, 14));
  });

  it.each([
    ['an Activation layer', () => [tfl.layers.activation({ activation: 'softmax' })]],
    ['a Softmax layer', () => [tfl.layers.softmax()]],
    ['a Softmax layer before dropout', () => [tfl.layers.softmax(), tfl.layers.dropout({ rate: 0.5 })]],
  ] as const)('%s at the end is split off', async (_name, after) => {
    const model = tfl.sequential();
    model.add(tfl.layers.dense({ units: 3, inputShape: [2] }));
    for (const one of after()) model.add(one);
    const { modelJson, weights } = await save(model);
    const network = parseLayersModel(modelJson, weights);
    expect(network.meta.outputActivation).toBe('softmax');
    expect(network.program.nodes.map(({ op }) => op)).toEqual(['matmul', 'add']);
  });

  it('a softmax that something follows stays', async () => {
    const { modelJson, weights } = await classifier('softmax', tfl.layers.dense({ units: 2 }));
    const network = parseLayersModel(modelJson, weights);
    expect(network.meta.outputActivation).toBeUndefined();
    expect(network.program.nodes.map(({ op }) => op)).toContain('exp');
  });

  it.each([
    ['sigmoid', 'sigmoid', 'sigmoid'],
    ['softmax', 'softmax', undefined],
    ['sigmoid', 'linear', undefined],
  ] as const)('of two outputs, %s and %s, is %s', async (first, second, want) => {
    const x = tfl.input({ shape: [3] });
    const model = tfl.model({
      inputs: x,
      outputs: [dense(2, first).apply(x) as Tensor, dense(2, second).apply(x) as Tensor],
    });
    const { modelJson, weights } = await save(model);
    expect(parseLayersModel(modelJson, weights).meta.outputActivation).toBe(want);
  });
});

describe('files of other versions', () => {
  const x = Float64Array.of(1, 2);
  const named = (one: LayerJson, inbound: unknown[]): LayerJson => ({
    ...one,
    name: (one['config'] as { name: string }).name,
    inbound_nodes: inbound,
  });

  it('Keras 3: calls with args, batch_shape, bare input and output lists, numbered weights', async () => {
    const tensor = (name: string): unknown => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 2], dtype: 'float32', keras_history: [name, 0, 0] },
    });
    const config = {
      name: 'functional',
      layers: [
        named(layer('InputLayer', 'in', { batch_shape: [null, 2] }), []),
        named(
          layer('Dense', 'd', { units: 2, activation: { module: 'builtins', class_name: 'function', config: 'relu' } }),
          [{ args: [tensor('in')], kwargs: {} }],
        ),
        named(layer('Add', 'a'), [{ args: [[tensor('d'), tensor('in')]], kwargs: {} }]),
      ],
      input_layers: ['in', 0, 0],
      output_layers: ['a', 0, 0],
    };
    const weights = [
      { name: 'd/0', shape: [2, 2], values: [1, -1, 2, -2] },
      { name: 'd/1', shape: [2], values: [10, 0] },
    ];
    const { modelJson, weights: bytes } = modelFiles({ class_name: 'Functional', config }, weights, '3.3.3');
    expect([...(await outputsOf(parseLayersModel(modelJson, bytes), x))]).toEqual([16, 2]);
  });

  it('Keras before 2.2.3: a Sequential configuration that is a bare list', async () => {
    const config = [layer('Dense', 'd', { units: 1, batch_input_shape: [null, 2] })];
    const { modelJson, weights } = modelFiles({ class_name: 'Sequential', config }, denseWeights('d', 2, 1));
    expect([...(await outputsOf(parseLayersModel(modelJson, weights), x))]).toEqual([3]);
  });

  it('no format member, a call written without its inner list', async () => {
    const { modelJson, weights } = functionalFiles(
      {
        layers: [
          named(layer('InputLayer', 'in', { batch_input_shape: [null, 2] }), []),
          named(layer('Dense', 'd', { units: 1 }), [['in', 0, 0, {}]]),
        ],
        input_layers: [['in', 0, 0]],
        output_layers: [['d', 0, 0]],
      },
      denseWeights('d', 2, 1),
    );
    const rest = { modelTopology: modelJson['modelTopology'], weightsManifest: modelJson['weightsManifest'] };
    expect([...(await outputsOf(parseLayersModel(rest, weights), x))]).toEqual([3]);
  });

  it('an input shape that only build_input_shape gives', async () => {
    const config = { name: 's', layers: [layer('Dense', 'd', { units: 1 })], build_input_shape: [null, 2] };
    const { modelJson, weights } = modelFiles({ class_name: 'Sequential', config }, denseWeights('d', 2, 1));
    expect([...(await outputsOf(parseLayersModel(modelJson, weights), x))]).toEqual([3]);
  });
});
