import { ortBackend } from '@ntk/backend-ort';
import { linearize } from '@ntk/jacobian';
import { Rng, cpuBackend, exampleShape, sizeOf } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { testLayerDerivatives } from './layer-derivatives-suite.ts';
import { layerNetworks } from './layer-networks.ts';
import { outputsOf, shift } from './moved-network.ts';
import { applyTo } from './operator-checks.ts';

describe('J v is the central difference of the network', () => {
  test.each(Object.entries(layerNetworks()))('%s', async (name, network) => {
    const rng = new Rng(name);
    const x = rng.normals(4 * sizeOf(exampleShape(network)));
    using l = await linearize(network, x, { backend: cpuBackend() });
    const v = rng.normals(l.p);
    const h = 1e-6;
    const [up, down] = await Promise.all([h, -h].map((step) => outputsOf(shift(network, v, step), x, cpuBackend())));
    const difference = up!.map((value, i) => (value - down![i]!) / (2 * h));
    expect(relativeError(await applyTo(l.jacobian, v), difference)).toBeLessThan(1e-8);
  });
});

describe('cpu, float64', () => testLayerDerivatives(() => Promise.resolve(cpuBackend()), 'float64'));
describe('ort, float64', () => testLayerDerivatives(() => ortBackend(), 'float64'));
describe('ort, float32', () => testLayerDerivatives(() => ortBackend(), 'float32'));
