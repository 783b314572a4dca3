import { denseNetwork, describeNetwork, formatDescription, parseLayersModel } from '@ntk/models';
import { Rng } from '@ntk/tensor';
import { describe, expect, it } from 'vitest';
import { denseWeights, functionalFiles, layer, type LayerJson } from './model-files.ts';

describe('the description of a network', () => {
  it('lists layers, shapes, parameters and notes', () => {
    const network = denseNetwork({ inputs: 2, hidden: [64], outputs: 2, outputActivation: 'softmax', rng: new Rng(1) });
    expect(formatDescription(describeNetwork(network))).toBe(
      [
        'layer    kind   output  parameters  trainable',
        'dense    Dense    [64]         192        192',
        'dense_1  Dense     [2]         130        130',
        'input [2], 2 outputs, 322 parameters, 322 trainable',
        'note: the final softmax is split off: outputs are logits',
      ].join('\n'),
    );
  });

  it('counts the calls of a shared layer and leaves statistics out of what is trainable', () => {
    const placed = (one: LayerJson, inbound: unknown[]): LayerJson => ({ ...one, inbound_nodes: inbound });
    const files = functionalFiles(
      {
        layers: [
          placed(layer('InputLayer', 'in', { batch_input_shape: [null, 2] }), []),
          placed(layer('Dense', 'd', { units: 2 }), [[['in', 0, 0, {}]], [['n', 0, 0, {}]]]),
          placed(layer('BatchNormalization', 'n'), [[['d', 0, 0, {}]]]),
        ],
        input_layers: [['in', 0, 0]],
        output_layers: [['d', 1, 0]],
      },
      [
        ...denseWeights('d', 2, 2),
        ...['gamma', 'beta', 'moving_mean', 'moving_variance'].map((slot) => ({
          name: `n/${slot}`,
          shape: [2],
          values: [1, 1],
        })),
      ],
    );
    const description = describeNetwork(parseLayersModel(files.modelJson, files.weights));
    expect(description).toEqual({
      name: 'model',
      source: 'tfjs-layers-model',
      inputShape: [2],
      outputs: 2,
      layers: [
        { name: 'd', kind: 'Dense', outputShape: [2], calls: 2, parameters: 6, trainable: 6 },
        { name: 'n', kind: 'BatchNormalization', outputShape: [2], calls: 1, parameters: 8, trainable: 4 },
      ],
      parameters: 14,
      trainable: 10,
      notes: [],
    });
    expect(formatDescription(description)).toContain('d (2 calls)');
  });

  it('of a network without a file lists the layers with weights', () => {
    const { meta, ...rest } = denseNetwork({ inputs: 2, hidden: [3], outputs: 1, rng: new Rng(1) });
    const { layers } = describeNetwork({ ...rest, meta: { name: meta.name, source: 'test', notes: [] } });
    expect(layers).toEqual([
      { name: 'dense', kind: 'matmul', outputShape: [3], calls: 1, parameters: 9, trainable: 9 },
      { name: 'dense_1', kind: 'matmul', outputShape: [1], calls: 1, parameters: 4, trainable: 4 },
    ]);
  });
});
