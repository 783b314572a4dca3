import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseGraphModel, readModel } from '@ntk/models';
import { openReference } from '@ntk/reference';
import type { Network } from '@ntk/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { backends, compareGolden, type Source } from './compare-golden.ts';
import { graphs } from './graphs.ts';
import { torchMap } from './parameter-map.ts';

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

describe.each(['mlp2', 'small_resnet'] as const)('%s, the same network from three sources', (model) => {
  const reference = openReference(model)!;
  let layers: Network;
  beforeAll(async () => {
    layers = await readModel(join(reference.folder, 'model'));
  });

  describe.each(Object.keys(readers))('%s', (source) => {
    it.each(Object.keys(backends))('gives the golden products on %s', async (at) => {
      await compareGolden(reference, await readers[source]!(model, layers), layers, at);
    });

    it('has no notes of folding, and as many trainable weights', async () => {
      const { network } = await readers[source]!(model, layers);
      expect(network.meta.notes.filter((note) => note.includes('folded'))).toEqual([]);
      const trainable = (each: Network): number => each.parameters.filter((one) => one.trainable).length;
      expect(trainable(network)).toBe(trainable(layers));
    });
  });
});
