import '@tensorflow/tfjs-backend-cpu';
// Its orthogonal initialiser calls methods of tensors.
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import * as tfc from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { cpuBackend, forward, type Network, type Rng } from '@ntk/tensor';
import { formatLayersModel, parseLayersModel, type LayersModelFiles } from '@ntk/models';

// Keeps TensorFlow.js from advertising its native backend.
tfc.env().set('IS_TEST', true);

/** A model as its files, in memory. */
export async function save(model: tfl.LayersModel): Promise<LayersModelFiles> {
  let saved: tfc.io.ModelArtifacts | undefined;
  await model.save(
    tfc.io.withSaveHandler((artifacts) => {
      saved = artifacts;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  const { weightSpecs, weightData, modelTopology } = saved!;
  const modelJson = {
    format: 'layers-model',
    modelTopology: JSON.parse(JSON.stringify(modelTopology)) as unknown,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  return { modelJson, weights: new Uint8Array(weightData as ArrayBuffer) };
}

/** A model of TensorFlow.js from its files in memory. */
export function load({ modelJson, weights }: LayersModelFiles): Promise<tfl.LayersModel> {
  const { modelTopology, weightsManifest } = modelJson as unknown as tfc.io.ModelJSON;
  return tfl.loadLayersModel({
    load: () =>
      Promise.resolve({
        modelTopology,
        weightSpecs: weightsManifest.flatMap((group) => group.weights),
        weightData: weights.slice().buffer,
      }),
  });
}

/** Gives every weight random values, so that biases and moving statistics matter too. */
export function randomize(model: tfl.LayersModel, rng: Rng): void {
  model.setWeights(
    model.weights.map((weight) => {
      const shape = weight.shape.map(Number);
      const size = shape.reduce((a, b) => a * b, 1);
      const positive = weight.originalName.endsWith('moving_variance');
      const values = Array.from({ length: size }, () => (positive ? 0.5 + rng.uniform() : 0.7 * rng.normal()));
      return tfc.tensor(values, shape);
    }),
  );
}

/** Outputs of TensorFlow.js for flat examples, joined along the last axis; several inputs are cut from each example. */
export function predict(model: tfl.LayersModel, x: Float32Array, examples: number): Float32Array {
  return tfc.tidy(() => {
    const shapes = model.inputs.map((input) => input.shape.slice(1) as number[]);
    const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
    const flat = tfc.tensor(x, [examples, x.length / examples]);
    const inputs = tfc.split(flat, sizes, 1).map((part, i) => tfc.reshape(part, [examples, ...shapes[i]!]));
    const outputs = [model.predict(inputs.length === 1 ? inputs[0]! : inputs)].flat();
    return tfc.concat(outputs, -1).dataSync() as Float32Array;
  });
}

/** Outputs of a Network on the reference backend. */
export async function outputsOf(network: Network, x: Float32Array | Float64Array): Promise<Float64Array> {
  const backend = cpuBackend();
  using output = await forward(network, x, { backend });
  return Float64Array.from(await backend.read(output));
}

/** Normal inputs, exact in single precision. */
export function randomInputs(rng: Rng, length: number): Float32Array {
  return Float32Array.from({ length }, () => 1.5 * rng.normal());
}

/** The largest difference, relative to the largest value expected (at least 1). */
export function worst(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Infinity;
  const scale = Math.max(1, ...Array.from(want, Math.abs));
  return Math.max(...Array.from(want, (value, i) => Math.abs(got[i]! - value) / scale));
}

/**
 * The largest difference between a model and our Network of it over random examples, or between the model and what TensorFlow.js
 * makes of the files that we write of that Network.
 *
 * @param options - whether to go back to TensorFlow.js; how many words there are, for inputs that name them
 */
export async function disagreement(
  model: tfl.LayersModel,
  rng: Rng,
  { back = true, words }: { readonly back?: boolean; readonly words?: number } = {},
): Promise<number> {
  const examples = 5;
  randomize(model, rng);
  const { modelJson, weights } = await save(model);
  const network = parseLayersModel(modelJson, weights, { outputActivation: 'keep' });
  const size = network.program.inputs[0]!.shape.reduce((a, b) => a * b, 1);
  const x =
    words === undefined
      ? randomInputs(rng, examples * size)
      : Float32Array.from({ length: examples * size }, () => rng.integer(words));
  const want = predict(model, x, examples);
  const there = worst(await outputsOf(network, Float64Array.from(x)), want);
  return back ? Math.max(there, worst(predict(await load(formatLayersModel(network)), x, examples), want)) : there;
}
