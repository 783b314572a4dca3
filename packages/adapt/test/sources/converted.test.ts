import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linearize } from '@ntk/jacobian';
import { readModel } from '@ntk/models';
import { openReference } from '@ntk/reference';
import { cpuBackend, sizeOf, type Network } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { apply } from './apply.ts';
import { backends, compareGolden } from './compare-golden.ts';
import { Folding } from './folding.ts';

/** What TensorFlow and the converter made of the LayersModels of fixtures; tooling/peers/graph_models.py. */
const converted = (model: string): string =>
  fileURLToPath(new URL(`../fixtures/graph-model/${model}`, import.meta.url));

describe('mlp2 as the converter writes it', () => {
  const reference = openReference('mlp2')!;
  const readers = { kernel: 'MatMul', bias: 'BiasAdd' } as const;

  it.each(Object.keys(backends))('gives the golden products on %s', async (at) => {
    const layers = await readModel(join(reference.folder, 'model'));
    const network = await readModel(converted('mlp2'));
    expect(network.meta.notes).toEqual([]);
    const map = (name: string): { readonly name: string } => {
      const [layer, slot] = name.split('/') as [string, keyof typeof readers];
      return { name: `StatefulPartitionedCall/sequential/${layer}/${readers[slot]}/ReadVariableOp` };
    };
    await compareGolden(reference, { network, map }, layers, at);
  });
});

/** Names of the weights of the LayersModel for those of the folded graph, in its order. */
const originals: Readonly<Record<string, string>> = {
  Conv2D_weights: 'kernel',
  Conv2D_bn_offset: 'bias',
  'MatMul/ReadVariableOp': 'kernel',
  'BiasAdd/ReadVariableOp': 'bias',
};

function originalName(name: string): string {
  const [, layer, slot] = /small_resnet\/([^/]+)\/(.*)$/.exec(name)!;
  return `${layer!}/${originals[slot!]!}`;
}

/** The trainable vectors of a folded network, [k, p'], as slots and back. */
function slotsOf({ parameters }: Network, vector: Float64Array): Map<string, Float64Array> {
  let start = 0;
  return new Map(
    parameters.map(({ name, shape }) => [originalName(name), vector.slice(start, (start += sizeOf(shape)))]),
  );
}

describe('small_resnet as the converter writes it, with its normalisation folded', () => {
  const reference = openReference('small_resnet')!;
  const golden = (key: string): Float64Array => reference.array(key).data;
  const rows = (vectors: Float64Array): Float64Array[] =>
    [0, 1, 2].map((k) => vectors.subarray((k * vectors.length) / 3, ((k + 1) * vectors.length) / 3));

  it('says that it is folded, and gives the golden products once the folding is undone by its parameter map', async () => {
    const layers = await readModel(join(reference.folder, 'model'));
    const network = await readModel(converted('small_resnet'));
    expect(network.meta.notes).toEqual([
      expect.stringMatching(
        /^batch normalisation is folded into 'StatefulPartitionedCall\/small_resnet\/stem_relu\/Relu'/,
      ),
    ]);
    const folding = new Folding(layers, [
      { convolution: 'stem_conv', normalization: 'stem_bn', epsilon: 1e-3 },
      { convolution: 'block_conv1', normalization: 'block_bn1', epsilon: 1e-3 },
      { convolution: 'block_conv2', normalization: 'block_bn2', epsilon: 1e-3 },
      { convolution: 'shortcut_conv', normalization: 'shortcut_bn', epsilon: 1e-5 },
    ]);
    const backend = trackTensors(cpuBackend());
    // The converter rounded the folded weights to single precision.
    const near = (got: ArrayLike<number>, key: string): void =>
      expect(relativeError(got, golden(key)), key).toBeLessThan(1e-6);
    {
      using linearization = await linearize(network, golden('X'), { backend, dtype: 'float64' });
      const { jacobian } = linearization;
      near(await backend.read(linearization.outputs), 'f');
      const changes = rows(golden('v')).map((v) => {
        const slots = folding.tangent(v);
        return network.parameters.flatMap(({ name }) => [...slots.get(originalName(name))!]);
      });
      near(await apply(jacobian, Float64Array.from(changes.flat())), 'Jv');
      const gradients = rows(await apply(jacobian.transpose(), golden('u')));
      near(
        gradients.flatMap((gradient) => [...folding.cotangent(slotsOf(network, gradient))]),
        'JTu',
      );
    }
    expect(backend.describeLive()).toEqual([]);
  });
});
