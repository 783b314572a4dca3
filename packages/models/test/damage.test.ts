import { parseLayersModel } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { damaged } from './damage.ts';
import { denseWeights, functionalFiles, layer, type HandWeight, type LayerJson } from './model-files.ts';

const placed = (one: LayerJson, inbound: unknown[]): LayerJson => ({
  ...one,
  name: (one['config'] as { name: string }).name,
  inbound_nodes: inbound,
});

const files = functionalFiles(
  {
    layers: [
      placed(layer('InputLayer', 'in', { batch_input_shape: [null, 2, 3] }), []),
      placed(layer('TimeDistributed', 't', { layer: layer('Dense', 'inner', { units: 3, activation: 'relu' }) }), [
        [['in', 0, 0, {}]],
      ]),
      placed(layer('Dense', 'd', { units: 3, activation: { class_name: 'tanh', config: {} } }), [
        [['t', 0, 0, {}]],
        [['d', 0, 0, {}]],
      ]),
      placed(layer('LayerNormalization', 'n', { axis: [2] }), [[['d', 1, 0, {}]]]),
      placed(layer('Concatenate', 'c', { axis: 1 }), [
        [
          ['n', 0, 0, {}],
          ['t', 0, 0, {}],
        ],
      ]),
      placed(layer('PReLU', 'p', { shared_axes: [1] }), [[['c', 0, 0, {}]]]),
      placed(layer('Permute', 'q', { dims: [2, 1] }), [[['p', 0, 0, {}]]]),
      placed(layer('Reshape', 'r', { target_shape: [-1] }), [[['q', 0, 0, {}]]]),
      {
        class_name: 'Sequential',
        name: 's',
        config: {
          name: 's',
          layers: [
            layer('Dense', 'e', { units: 2 }),
            layer('BatchNormalization', 'b', { axis: -1 }),
            layer('Softmax', 'z'),
          ],
        },
        inbound_nodes: [[['r', 0, 0, {}]]],
      },
    ],
    input_layers: [['in', 0, 0]],
    output_layers: [['s', 0, 0]],
  },
  [
    ...denseWeights('t', 3, 3),
    ...denseWeights('d', 3, 3),
    { name: 'n/gamma', shape: [3], values: [1, 1, 1] },
    { name: 'n/beta', shape: [3], values: [0, 0, 0] },
    { name: 'p/alpha', shape: [1, 3], values: [1, 2, 3] },
    ...denseWeights('e', 12, 2),
    ...['gamma', 'beta', 'moving_mean', 'moving_variance'].map((slot) => ({
      name: `b/${slot}`,
      shape: [2],
      values: [1, 1],
    })),
  ],
);

const cell = (name: string, inputs: number, gates: number): HandWeight[] => [
  { name: `${name}/kernel`, shape: [inputs, 2 * gates], values: new Array<number>(2 * inputs * gates).fill(0.1) },
  { name: `${name}/recurrent_kernel`, shape: [2, 2 * gates], values: new Array<number>(4 * gates).fill(0.1) },
  { name: `${name}/bias`, shape: [2 * gates], values: new Array<number>(2 * gates).fill(0) },
];
const square = (name: string): HandWeight => ({ name, shape: [4, 2, 2], values: new Array<number>(16).fill(0.1) });

const sequences = functionalFiles(
  {
    layers: [
      placed(layer('InputLayer', 'in', { batch_input_shape: [null, 4] }), []),
      placed(layer('Embedding', 'w', { input_dim: 3, output_dim: 2, mask_zero: true }), [[['in', 0, 0, {}]]]),
      placed(
        layer('Bidirectional', 'b', {
          merge_mode: 'concat',
          layer: layer('LSTM', 'l', { units: 2, return_sequences: true }),
        }),
        [[['w', 0, 0, {}]]],
      ),
      placed(layer('Reshape', 'r', { target_shape: [4, 4] }), [[['b', 0, 0, {}]]]),
      placed(layer('MultiHeadAttention', 'a', { num_heads: 2, key_dim: 2, use_bias: false }), [
        [['r', 0, 0, { value: ['r', 0, 0], use_causal_mask: true }]],
      ]),
      placed(layer('TimeDistributed', 't', { layer: layer('RepeatVector', 'v', { n: 2 }) }), [[['a', 0, 0, {}]]]),
      placed(layer('Reshape', 's', { target_shape: [8, 4] }), [[['t', 0, 0, {}]]]),
      placed(
        layer('RNN', 'c', {
          cell: { class_name: 'StackedRNNCells', config: { cells: [layer('GRUCell', 'g', { units: 2 })] } },
        }),
        [[['s', 0, 0, {}]]],
      ),
    ],
    input_layers: [['in', 0, 0]],
    output_layers: [['c', 0, 0]],
  },
  [
    { name: 'w/embeddings', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
    ...cell('b/forward_l', 2, 4),
    ...cell('b/backward_l', 2, 4),
    ...['query', 'key', 'value'].map((name) => square(`a/${name}/kernel`)),
    { name: 'a/attention_output/kernel', shape: [2, 2, 4], values: new Array<number>(16).fill(0.1) },
    ...cell('c/g', 4, 3),
  ],
);

const junk: readonly unknown[] = [
  null,
  -1,
  0,
  1.5,
  1e9,
  '',
  'd',
  true,
  [],
  [[]],
  {},
  [null],
  ['in', 0, 0],
  { class_name: 'Dense' },
  { args: [[null, 3]] },
];

describe.each([
  ['of layers of every shape', files],
  ['of recurrent layers and attention', sequences],
])('a damaged model.json %s', (title, { modelJson, weights }) => {
  it('is read whole, to begin with', () => {
    expect(parseLayersModel(modelJson, weights).parameters.length).toBeGreaterThan(10);
  });

  it('is read or refused with an error that names the file, never a crash', () => {
    const rng = new Rng(title);
    const names = new Set<string>();
    for (let round = 0; round < 2000; round++) {
      const json = damaged(modelJson, rng, junk);
      try {
        parseLayersModel(json, weights);
      } catch (error) {
        const { name, message } = error as Error;
        if (!/^(Format|Shape|Unsupported)Error$/.test(name) || !message.startsWith('model.json: ')) throw error;
        names.add(name);
      }
    }
    expect([...names].sort()).toEqual(['FormatError', 'ShapeError', 'UnsupportedError']);
  });
});
