import { fileURLToPath } from 'node:url';
import { linearize } from '@ntk/jacobian';
import { readModel } from '@ntk/models';
import { Rng, cpuBackend, exampleShape, forward, sizeOf, type Network } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { apply } from './apply.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../models/test/fixtures/onnx/${name}.onnx`, import.meta.url));

/** Files of public exporters, and how many words there are where they take words. */
const files: Readonly<Record<string, number | undefined>> = {
  'mlp.script': undefined,
  'activations.dynamo': undefined,
  'tokens.script': undefined,
  'tokens.dynamo': undefined,
  'transformer.script': 11,
  'transformer.dynamo': 11,
  'images.dynamo': undefined,
  'images_kept.script': undefined,
  'sequences.script': undefined,
  'pair.script': undefined,
  sklearn_regressor: undefined,
  sklearn_classifier: undefined,
  quantized: undefined,
};

const n = 3;
const backend = trackTensors(cpuBackend());

/** The network's outputs with its weights moved along v. */
async function outputsAt(network: Network, x: Float64Array, v: Float64Array, step: number): Promise<Float64Array> {
  let start = 0;
  const values = network.values.map((array, i) => {
    if (!network.parameters[i]!.trainable) return array;
    const from = start;
    start += array.length;
    return Float64Array.from(array, (value, j) => value + step * v[from + j]!);
  });
  using outputs = await forward({ ...network, values }, x, { backend, dtype: 'float64' });
  return Float64Array.from(await backend.read(outputs));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

describe('products with the Jacobians of ONNX files', () => {
  it.each(Object.entries(files))('%s: J v is the derivative along v, and Jᵀ is its adjoint', async (name, words) => {
    const network = await readModel(fixture(name));
    const rng = new Rng(name);
    const size = n * sizeOf(exampleShape(network));
    const x = words === undefined ? rng.normals(size) : Float64Array.from({ length: size }, () => rng.integer(words));
    {
      using linearization = await linearize(network, x, { backend, dtype: 'float64' });
      const { jacobian, p } = linearization;
      const [u, v] = [rng.normals(jacobian.shape[0]), rng.normals(p)];
      const jv = await apply(jacobian, v);
      const jtu = await apply(jacobian.transpose(), u);
      const norms = Math.sqrt(dot(u, u) * dot(jv, jv)) + Math.sqrt(dot(jtu, jtu) * dot(v, v));
      expect(Math.abs(dot(u, jv) - dot(jtu, v))).toBeLessThan(1e-14 * norms);
      // Central differences: the step's square in truncation, a rounding of the outputs over the step.
      const h = 1e-5;
      const [after, before] = [await outputsAt(network, x, v, h), await outputsAt(network, x, v, -h)];
      const difference = after.map((value, i) => (value - before[i]!) / (2 * h));
      expect(relativeError(jv, difference)).toBeLessThan(1e-7);
    }
    expect(backend.describeLive()).toEqual([]);
  });
});
