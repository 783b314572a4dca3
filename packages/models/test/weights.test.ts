import { parseLayersModel } from '@ntk/models';
import { describe, expect, it } from 'vitest';
import { denseWeights, layer, modelFiles, sequentialFiles, type LayerJson } from './model-files.ts';

const dense = (name: string, units = 1, config: Record<string, unknown> = {}): LayerJson =>
  layer('Dense', name, { units, ...config });

/** The layers to which weights of these names go; every layer takes two numbers to two. */
function layersOf(layers: readonly LayerJson[], names: readonly string[]): string[] {
  const weights = names.map((name) => {
    const kernel = /(kernel|\/0)(:\d+)?$/.test(name);
    return { name, shape: kernel ? [2, 2] : [2], values: new Array<number>(kernel ? 4 : 2).fill(1) };
  });
  const { modelJson, weights: bytes } = sequentialFiles([2], layers, weights);
  return parseLayersModel(modelJson, bytes).parameters.map(({ layer: of }) => of);
}

const inner = (name: string, ...layers: LayerJson[]): LayerJson => ({
  class_name: 'Sequential',
  config: { name, layers },
});

describe('names of weights find their layers', () => {
  it.each([
    ['as Keras exports them', ['d/kernel', 'd/bias'], ['d', 'd']],
    ['with an output number', ['d/kernel:0', 'd/bias:0'], ['d', 'd']],
    ['below the name of the model', ['model/d/kernel', 'model/d/bias'], ['d', 'd']],
    ['above the name of a cell', ['d/cell/kernel', 'd/cell/bias'], ['d', 'd']],
    ['by number, as Keras 3 exports them', ['d/0', 'd/1'], ['d', 'd']],
    ['in another order', ['d/bias', 'd/kernel'], ['d', 'd']],
  ])('%s', (_how, names, want) => {
    expect(layersOf([dense('d', 2)], names)).toEqual(want);
  });

  it('when one layer is named like the beginning of another', () => {
    expect(
      layersOf(
        [dense('dense', 2), dense('dense_1', 2)],
        ['dense_1/kernel', 'dense_1/bias', 'dense/kernel', 'dense/bias'],
      ),
    ).toEqual(['dense_1', 'dense_1', 'dense', 'dense']);
  });

  it('when TensorFlow.js named the layers', () => {
    expect(
      layersOf(
        [dense('dense_Dense1', 2), dense('dense_Dense2', 2)],
        ['dense_Dense1/kernel', 'dense_Dense1/bias', 'dense_Dense2/kernel', 'dense_Dense2/bias'],
      ),
    ).toEqual(['dense_Dense1', 'dense_Dense1', 'dense_Dense2', 'dense_Dense2']);
  });

  it('when two inner models have layers of the same name', () => {
    const layers = [inner('a', dense('d', 2)), inner('b', dense('d', 2)), dense('d', 2)];
    const names = ['b/d/kernel', 'b/d/bias', 'd/kernel', 'd/bias', 'a/d/kernel', 'a/d/bias'];
    expect(layersOf(layers, names)).toEqual(['b/d', 'b/d', 'd', 'd', 'a/d', 'a/d']);
  });

  it('when a layer has slashes in its name', () => {
    expect(
      layersOf([dense('block/d', 2), dense('d', 2)], ['d/kernel', 'd/bias', 'block/d/kernel', 'block/d/bias']),
    ).toEqual(['d', 'd', 'block/d', 'block/d']);
  });

  it('but not when a name fits twice as well as another', () => {
    expect(() => layersOf([dense('d', 2)], ['x/d/kernel', 'y/d/kernel', 'd/bias'])).toThrow(
      "model.json: got the weights 'x/d/kernel' and 'y/d/kernel' for kernel of the layer 'd', expected one; rename the layers and export the model again",
    );
  });
});

describe('parameters', () => {
  it('are in the order of the manifest, with its names', () => {
    const weights = [...denseWeights('b', 3, 1), ...denseWeights('a', 2, 3)];
    const { modelJson, weights: bytes } = sequentialFiles([2], [dense('a', 3), dense('b', 1)], weights);
    const { parameters, values } = parseLayersModel(modelJson, bytes);
    expect(parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['b/kernel', [3, 1]],
      ['b/bias', [1]],
      ['a/kernel', [2, 3]],
      ['a/bias', [3]],
    ]);
    expect(values.every((array) => array instanceof Float32Array)).toBe(true);
  });

  it('of normalisation are trainable but for moving statistics', () => {
    const slots = ['moving_mean', 'gamma', 'moving_variance', 'beta'];
    const { modelJson, weights } = sequentialFiles(
      [2],
      [layer('BatchNormalization', 'n')],
      slots.map((slot) => ({ name: `n/${slot}`, shape: [2], values: [1, 1] })),
    );
    expect(parseLayersModel(modelJson, weights).parameters.map(({ trainable }) => trainable)).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it('of layers that training froze are trainable, which is noted', () => {
    const { modelJson, weights } = sequentialFiles(
      [2],
      [dense('a', 2, { trainable: false }), dense('b')],
      [...denseWeights('a', 2, 2), ...denseWeights('b', 2, 1)],
    );
    const network = parseLayersModel(modelJson, weights);
    expect(network.parameters.every(({ trainable }) => trainable)).toBe(true);
    expect(network.meta.notes).toEqual([
      'the file marks 1 of 2 layers with weights as not trainable; they are linearised with the others unless layers are chosen',
    ]);
  });
});

describe('stored weights', () => {
  /** A dense layer without bias whose kernel is stored in the given way. */
  function kernelOf(
    bytes: Uint8Array,
    entry: Record<string, unknown>,
    more: Record<string, unknown>[] = [],
  ): ReturnType<typeof parseLayersModel> {
    const { modelJson } = modelFiles(
      {
        class_name: 'Sequential',
        config: { name: 'm', layers: [dense('d', 1, { use_bias: false, batch_input_shape: [null, 3] })] },
      },
      [],
    );
    const weights = [{ name: 'd/kernel', shape: [3, 1], dtype: 'float32', ...entry }, ...more];
    return parseLayersModel({ ...modelJson, weightsManifest: [{ paths: ['w'], weights }] }, bytes);
  }

  it('of uint8 are scaled and shifted', () => {
    const network = kernelOf(Uint8Array.of(0, 1, 255), { quantization: { dtype: 'uint8', scale: 0.5, min: -1 } });
    expect([...network.values[0]!]).toEqual([-1, -0.5, 126.5]);
    expect(network.meta.notes).toEqual(['weights are quantised to uint8 in the file']);
  });

  it('of uint16 are scaled and shifted', () => {
    const bytes = new Uint8Array(Uint16Array.of(0, 256, 65535).buffer);
    expect([...kernelOf(bytes, { quantization: { dtype: 'uint16', scale: 1, min: 2 } }).values[0]!]).toEqual([
      2, 258, 65537,
    ]);
  });

  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x0400, 2 ** -14],
  ])('of float16 are exact: %i is %f', (bits, value) => {
    const bytes = new Uint8Array(Uint16Array.of(bits, 0, 0).buffer);
    expect(kernelOf(bytes, { quantization: { dtype: 'float16' } }).values[0]![0]).toBe(value);
  });

  it.each([
    [0x7c00, 'Infinity'],
    [0xfc00, '-Infinity'],
    [0x7e00, 'NaN'],
  ])('that are not finite are refused: %i is %s', (bits, value) => {
    const bytes = new Uint8Array(Uint16Array.of(0, bits, 0).buffer);
    const read = () => kernelOf(bytes, { quantization: { dtype: 'float16' } });
    expect(read).toThrow(`got ${value} at entry 1 of the weight 'd/kernel', expected finite numbers`);
  });

  it('may start at any byte of a larger buffer', () => {
    const bytes = new Uint8Array(13);
    bytes.set(new Uint8Array(Float32Array.of(1, 2, 3).buffer), 1);
    expect([...kernelOf(bytes.subarray(1), {}).values[0]!]).toEqual([1, 2, 3]);
  });

  it('of an optimizer are passed over, which is noted', () => {
    const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 9).buffer);
    const network = kernelOf(bytes, {}, [
      { name: 'Adam/d/kernel/m', shape: [1], dtype: 'float32', group: 'optimizer' },
    ]);
    expect([...network.values[0]!]).toEqual([1, 2, 3]);
    expect(network.meta.notes).toEqual(['the state of an optimizer in the file is not read']);
  });
});
