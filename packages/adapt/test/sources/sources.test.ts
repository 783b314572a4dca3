import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ortBackend } from '@ntk/backend-ort';
import { kernelMatrix, linearize } from '@ntk/jacobian';
import { parseGraphModel, readModel } from '@ntk/models';
import { openReference, type Reference } from '@ntk/reference';
import { cpuBackend, type Backend, type DType, type Network } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { apply } from './apply.ts';
import { graphs } from './graphs.ts';
import { placesIn, torchMap, type ParameterMap } from './parameter-map.ts';

/** One network, read from one of its files. */
interface Source {
  readonly network: Network;
  /** Its weights by the names of the LayersModel, in which golden values are laid out. */
  readonly map: ParameterMap;
}

const onnxFile = (model: string): string => fileURLToPath(new URL(`../fixtures/onnx/${model}.onnx`, import.meta.url));

const readers: Readonly<Record<string, (model: keyof typeof graphs, layers: Network) => Promise<Source>>> = {
  LayersModel: (_model, network) => Promise.resolve({ network, map: (name) => ({ name }) }),
  GraphModel: (model, layers) => {
    const { modelJson, weights, names } = graphs[model](layers);
    return Promise.resolve({
      network: parseGraphModel(modelJson, weights),
      map: (name) => ({ name: names.get(name)! }),
    });
  },
  ONNX: async (model, layers) => ({ network: await readModel(onnxFile(model)), map: torchMap(layers) }),
};

const backends: Readonly<Record<string, { readonly open: () => Promise<Backend>; readonly dtype: DType }>> = {
  'cpu, float64': { open: () => Promise.resolve(cpuBackend()), dtype: 'float64' },
  'ort, float64': { open: () => ortBackend(), dtype: 'float64' },
  'ort, float32': { open: () => ortBackend(), dtype: 'float32' },
};

/** Ten times the tolerances of the golden values. */
const TOLERANCE: Readonly<Record<DType, number>> = { float64: 1e-11, float32: 1e-5 };

/** Vectors [k, p] whose entry i is at places[i] in the result. */
function scatter(vectors: Float64Array, places: Int32Array): Float64Array {
  const result = new Float64Array(vectors.length);
  vectors.forEach((value, at) => {
    const i = at % places.length;
    result[at - i + places[i]!] = value;
  });
  return result;
}

/** The opposite. */
function collect(vectors: Float64Array, places: Int32Array): Float64Array {
  return vectors.map((_, at) => vectors[at - (at % places.length) + places[at % places.length]!]!);
}

/** Outputs, J v, Jᵀ u and the kernel of a network read from one of its files, against the golden values. */
async function compare(reference: Reference, { network, map }: Source, layers: Network, at: string): Promise<void> {
  const { open, dtype } = backends[at]!;
  const backend = trackTensors(await open());
  const golden = (key: string): Float64Array => reference.array(key).data;
  const near = (got: ArrayLike<number>, key: string): void =>
    expect(relativeError(got, golden(key)), key).toBeLessThan(TOLERANCE[dtype]);
  {
    using linearization = await linearize(network, golden('X'), { backend, dtype });
    const places = placesIn(network, layers, map);
    near(await backend.read(linearization.outputs), 'f');
    near(await apply(linearization.jacobian, scatter(golden('v'), places)), 'Jv');
    near(collect(await apply(linearization.jacobian.transpose(), golden('u')), places), 'JTu');
    near((await kernelMatrix(linearization)).data, 'ntk');
  }
  expect(backend.describeLive()).toEqual([]);
}

describe.each(['mlp2', 'small_resnet'] as const)('%s, the same network from three sources', (model) => {
  const reference = openReference(model)!;
  let layers: Network;
  beforeAll(async () => {
    layers = await readModel(join(reference.folder, 'model'));
  });

  describe.each(Object.keys(readers))('%s', (source) => {
    it.each(Object.keys(backends))('gives the golden products on %s', async (at) => {
      await compare(reference, await readers[source]!(model, layers), layers, at);
    });

    it('has no notes of folding, and as many trainable weights', async () => {
      const { network } = await readers[source]!(model, layers);
      expect(network.meta.notes.filter((note) => note.includes('folded'))).toEqual([]);
      const trainable = (each: Network): number => each.parameters.filter((one) => one.trainable).length;
      expect(trainable(network)).toBe(trainable(layers));
    });
  });
});
