import { parseLayersModel } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { damaged } from './damage.ts';
import { denseWeights, functionalFiles, layer, type LayerJson } from './model-files.ts';

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

describe('a damaged model.json', () => {
  it('is read whole, to begin with', () => {
    expect(parseLayersModel(files.modelJson, files.weights).meta.outputActivation).toBe('softmax');
  });

  it('is read or refused with an error that names the file, never a crash', () => {
    const rng = new Rng('damage');
    const names = new Set<string>();
    for (let round = 0; round < 3000; round++) {
      const json = damaged(files.modelJson, rng, junk);
      try {
        parseLayersModel(json, files.weights);
      } catch (error) {
        const { name, message } = error as Error;
        if (!/^(Format|Shape|Unsupported)Error$/.test(name) || !message.startsWith('model.json: ')) throw error;
        names.add(name);
      }
    }
    expect([...names].sort()).toEqual(['FormatError', 'ShapeError', 'UnsupportedError']);
  });
});
