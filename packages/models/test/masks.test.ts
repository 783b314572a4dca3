import { parseLayersModel } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { functionalFiles, layer, sequentialFiles, type HandWeight, type LayerJson } from './model-files.ts';
import { outputsOf } from './tfjs.ts';

/** Masks where TensorFlow.js departs from Keras, or both refuse what others might read silently. */

const table: HandWeight = { name: 'e/embeddings', shape: [3, 2], values: [5, 7, 1, 2, 3, 4] };
const embedding = layer('Embedding', 'e', { input_dim: 3, output_dim: 2, mask_zero: true });

async function evaluate(layers: readonly LayerJson[], x: readonly number[]): Promise<number[]> {
  const { modelJson, weights } = sequentialFiles([x.length], [embedding, ...layers], [table]);
  return [...(await outputsOf(parseLayersModel(modelJson, weights), Float64Array.from(x)))];
}

describe('steps that are to be skipped', () => {
  it('do not count in a mean', async () => {
    const mean = layer('GlobalAveragePooling1D', 'p');
    expect(await evaluate([mean], [1, 0, 2, 0])).toEqual([2, 3]);
    expect(await evaluate([layer('Dropout', 'd', { rate: 0.5 }), mean], [0, 0, 0, 2])).toEqual([3, 4]);
    expect(
      await evaluate([layer('GlobalAveragePooling1D', 'p', { keepdims: true }), layer('Flatten', 'f')], [1, 0, 2, 0]),
    ).toEqual([2, 3]);
  });

  it('count again after a layer that drops the mask', async () => {
    const layers = [layer('Permute', 'q', { dims: [2, 1] }), layer('GlobalAveragePooling1D', 'p')];
    expect(await evaluate(layers, [1, 0])).toEqual([1.5, 6]);
    const unchanged = layer('Permute', 'q', { dims: [1, 2] });
    expect(await evaluate([unchanged, layer('GlobalAveragePooling1D', 'p')], [1, 0])).toEqual([3, 4.5]);
  });

  it('are zeros after a masking', async () => {
    const { modelJson, weights } = sequentialFiles(
      [3, 2],
      [layer('Masking', 'm', { mask_value: 2 }), layer('Flatten', 'f')],
    );
    const x = Float64Array.of(2, 2, 2, 1, 0, 0);
    expect([...(await outputsOf(parseLayersModel(modelJson, weights), x))]).toEqual([0, 0, 2, 1, 0, 0]);
  });
});

describe('is refused', () => {
  const placed = (one: LayerJson, ...inputs: string[]): LayerJson => ({
    ...one,
    inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
  });

  /** Two masked sequences and what joins them. */
  function read(join: LayerJson): () => unknown {
    const layers = [
      placed(layer('InputLayer', 'x', { batch_input_shape: [null, 4, 2] })),
      placed(layer('Masking', 'a', { mask_value: 0 }), 'x'),
      placed(layer('Masking', 'b', { mask_value: 1 }), 'x'),
      placed(join, 'a', 'b'),
      placed(layer('Flatten', 'f'), 'j'),
    ];
    const { modelJson, weights } = functionalFiles({
      layers,
      input_layers: [['x', 0, 0]],
      output_layers: [['f', 0, 0]],
    });
    return () => parseLayersModel(modelJson, weights);
  }

  it('a sum of sequences with different masks', () => {
    expect(read(layer('Add', 'j'))).toThrow(
      "model.json: layer 'j' (Add): got inputs with different masks, expected the same; mask the sequence after merging",
    );
  });

  it('one masked sequence after another', () => {
    expect(read(layer('Concatenate', 'j', { axis: 1 }))).toThrow(
      "model.json: layer 'j' (Concatenate): got a sequence with a mask (of Masking or mask_zero), which this layer does not read; expected none: leave masking out and train again",
    );
  });

  it('a softmax over steps that are to be skipped', async () => {
    await expect(evaluate([layer('Softmax', 's', { axis: 1 })], [1, 0])).rejects.toThrow(
      "model.json: layer 's' (Softmax): got a sequence with a mask",
    );
  });
});
