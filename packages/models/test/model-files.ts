import type { LayersModelFiles } from '@ntk/models';

/** A weight by hand: shape and values. */
export interface HandWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** A layer as a file lists it. */
export type LayerJson = Record<string, unknown>;

export function layer(className: string, name: string, config: Record<string, unknown> = {}): LayerJson {
  return { class_name: className, config: { name, ...config } };
}

/** A Sequential model's files as the converter writes them. */
export function sequentialFiles(
  inputShape: readonly (number | null)[],
  layers: readonly LayerJson[],
  weights: readonly HandWeight[] = [],
): LayersModelFiles {
  const input = layer('InputLayer', 'input', { batch_input_shape: [null, ...inputShape] });
  return modelFiles({ class_name: 'Sequential', config: { name: 'model', layers: [input, ...layers] } }, weights);
}

/** A functional model's files. */
export function functionalFiles(
  config: Record<string, unknown>,
  weights: readonly HandWeight[] = [],
): LayersModelFiles {
  return modelFiles({ class_name: 'Functional', config: { name: 'model', ...config } }, weights);
}

export function modelFiles(
  model: Record<string, unknown>,
  weights: readonly HandWeight[],
  kerasVersion = '2.11.0',
): LayersModelFiles {
  const values = Float32Array.from(weights.flatMap((weight) => weight.values));
  return {
    modelJson: {
      format: 'layers-model',
      modelTopology: { keras_version: kerasVersion, backend: 'tensorflow', model_config: model },
      weightsManifest: [
        { paths: ['weights.bin'], weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) },
      ],
    },
    weights: new Uint8Array(values.buffer),
  };
}

/** A dense layer and its weights, all ones and zeros unless given. */
export function denseWeights(name: string, inputs: number, units: number, value = 1): HandWeight[] {
  return [
    { name: `${name}/kernel`, shape: [inputs, units], values: new Array<number>(inputs * units).fill(value) },
    { name: `${name}/bias`, shape: [units], values: new Array<number>(units).fill(0) },
  ];
}
