import { parseLayersModel } from '@ntk/models';
import { Rng, sizeOf } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { layer, modelFiles, sequentialFiles, type LayerJson } from './model-files.ts';
import { outputsOf } from './tfjs.ts';

type Shapes = readonly (readonly number[])[];

/** A layer over sequences [4, 3], its weights in order, and the names that exporters give them. */
interface Case {
  readonly layer: LayerJson;
  readonly shapes: Shapes;
  /** The first are those of TensorFlow.js. */
  readonly names: readonly (readonly string[])[];
}

const lstm: Shapes = [[3, 8], [2, 8], [8]];
const cell = ['kernel', 'recurrent_kernel', 'bias'];
const numbers = ['0', '1', '2'];

function below(scopes: readonly string[], slots: readonly string[], end = ''): string[] {
  return scopes.flatMap((scope) => slots.map((slot) => `${scope}/${slot}${end}`));
}

const cases: Record<string, Case> = {
  LSTM: {
    layer: layer('LSTM', 'l', { units: 2 }),
    shapes: lstm,
    names: [
      below(['l'], cell),
      below(['model/l/lstm_cell'], cell, ':0'),
      below(['l/cell'], numbers),
      below(['l'], numbers),
    ],
  },
  Bidirectional: {
    layer: layer('Bidirectional', 'l', { layer: layer('LSTM', 'm', { units: 2 }) }),
    shapes: [...lstm, ...lstm],
    names: [
      below(['l/forward_m', 'l/backward_m'], cell),
      below(['l/forward_m/lstm_cell_1', 'l/backward_m/lstm_cell_2'], cell, ':0'),
      below(['l/forward_layer/cell', 'l/backward_layer/cell'], numbers),
      below(['l'], ['0', '1', '2', '3', '4', '5']),
    ],
  },
  'stacked cells': {
    layer: layer('RNN', 'l', {
      cell: {
        class_name: 'StackedRNNCells',
        config: { name: 's', cells: [layer('LSTMCell', 'a', { units: 2 }), layer('GRUCell', 'b', { units: 2 })] },
      },
    }),
    shapes: [...lstm, [2, 6], [2, 6], [6]],
    names: [
      below(['l/RNNCell_0', 'l/RNNCell_1'], cell),
      below(['l/a', 'l/b'], cell, ':0'),
      below(['l/s/a', 'l/s/b'], cell, ':0'),
    ],
  },
  MultiHeadAttention: {
    layer: layer('MultiHeadAttention', 'l', { num_heads: 2, key_dim: 2, use_bias: false }),
    shapes: [
      [3, 2, 2],
      [3, 2, 2],
      [3, 2, 2],
      [2, 2, 3],
    ],
    names: [
      below(['l/query', 'l/key', 'l/value', 'l/attentionOutput'], ['kernel']),
      below(['l/query', 'l/key', 'l/value', 'l/attention_output'], ['kernel'], ':0'),
      below(['l/query_dense', 'l/key_dense', 'l/value_dense', 'l/output_dense'], ['0']),
    ],
  },
};

describe.each(Object.entries(cases))('weights of %s are found', (name, { layer: one, shapes, names }) => {
  const rng = new Rng(name);
  const values = shapes.map((shape) => [...rng.normals(sizeOf(shape))]);
  const x = rng.normals(24);
  const attention = one['class_name'] === 'MultiHeadAttention';

  function outputs(given: readonly string[]): Promise<Float64Array> {
    const weights = given.map((weight, i) => ({ name: weight, shape: shapes[i]!, values: values[i]! }));
    const layers = [
      { ...layer('InputLayer', 'x', { batch_input_shape: [null, 4, 3] }), inbound_nodes: [] },
      { ...one, inbound_nodes: [[['x', 0, 0, attention ? { value: ['x', 0, 0] } : {}]]] },
      { ...layer('Flatten', 'f'), inbound_nodes: [[['l', 0, 0, {}]]] },
    ];
    const config = { name: 'model', layers, input_layers: [['x', 0, 0]], output_layers: [['f', 0, 0]] };
    const { modelJson, weights: bytes } = modelFiles({ class_name: 'Functional', config }, weights);
    return outputsOf(parseLayersModel(modelJson, bytes), x);
  }

  it.each(names.map((given) => [given[0]!, given] as const))('by names like %s', async (_first, given) => {
    expect(await outputs(given)).toEqual(await outputs(names[0]!));
  });
});

describe('standardisation of inputs', () => {
  const moments = [
    { name: 'n/mean', shape: [3], values: [1, 2, 3] },
    { name: 'n/variance', shape: [3], values: [4, 1, 0.25] },
  ];
  const x = Float64Array.of(3, 3, 3, 0, 0, 0);

  it('by moments among the weights, which are fixed; what was counted is none of them', async () => {
    const { modelJson, weights } = sequentialFiles([3], [layer('Normalization', 'n', { axis: [-1] })], moments);
    const counted = structuredClone(modelJson) as unknown as { weightsManifest: { weights: unknown[] }[] };
    counted.weightsManifest[0]!.weights.push({ name: 'n/count', shape: [], dtype: 'int32' });
    const network = parseLayersModel(counted, Uint8Array.from([...weights, 7, 0, 0, 0]));
    expect(network.parameters.map(({ name, trainable }) => [name, trainable])).toEqual([
      ['n/mean', false],
      ['n/variance', false],
    ]);
    expect([...(await outputsOf(network, x))]).toEqual([1, 1, 0, -0.5, -2, -6]);
  });

  it('undone', async () => {
    const { modelJson, weights } = sequentialFiles([3], [layer('Normalization', 'n', { invert: true })], moments);
    expect([...(await outputsOf(parseLayersModel(modelJson, weights), x))]).toEqual([7, 5, 4.5, 1, 2, 3]);
  });

  it('by numbers in the configuration', async () => {
    const config = { mean: 1, variance: 4, axis: null };
    const { modelJson, weights } = sequentialFiles([3], [layer('Normalization', 'n', config)]);
    expect([...(await outputsOf(parseLayersModel(modelJson, weights), x))]).toEqual([1, 1, 1, -0.5, -0.5, -0.5]);
  });
});

it('changes of images that act in training are left out', async () => {
  const names = [
    'RandomFlip',
    'RandomRotation',
    'RandomTranslation',
    'RandomZoom',
    'RandomContrast',
    'RandomBrightness',
  ];
  const { modelJson, weights } = sequentialFiles(
    [2, 2, 1],
    [...names.map((name) => layer(name, name)), layer('Flatten', 'f')],
  );
  const x = Float64Array.of(1, 2, 3, 4);
  expect(await outputsOf(parseLayersModel(modelJson, weights), x)).toEqual(x);
});
