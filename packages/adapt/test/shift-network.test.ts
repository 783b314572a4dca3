import { adapt, decodePosterior, encodePosterior, predictStored, shiftNetwork, storePosterior } from '@ntk/adapt';
import { formatLayersModel, parseLayersModel } from '@ntk/models';
import { forward } from '@ntk/tensor';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { makeProblem } from './problem.ts';

describe('the adapted network', () => {
  test('is the posterior mean to first order, and a model file of it computes the same', async () => {
    const differences: number[] = [];
    for (const shift of [0.1, 0.01]) {
      const { network, backend, x, y, xTest } = await makeProblem({ outputs: 2, shift });
      const own = await backend.read(await forward(network, x, { backend }));
      // Targets near the network's outputs move the weights little: halving the one halves the other.
      const near = y.map((value, i) => own[i]! + (value - own[i]!) * shift);
      using adapted = await adapt(network, { x, y: near }, { backend, layers: 'all', noise: 1, priorVariance: 1 });
      const stored = await decodePosterior(await encodePosterior(await storePosterior(adapted)), 'a.ntk');
      const shifted = shiftNetwork(stored);
      const { mean } = await predictStored(stored, xTest, { backend });
      const outputs = await backend.read(await forward(shifted, xTest, { backend }));
      differences.push(Math.max(...mean.map((value, i) => Math.abs(value - outputs[i]!))));
      const { modelJson, weights } = formatLayersModel(shifted);
      const read = parseLayersModel(modelJson, weights);
      const again = await backend.read(await forward(read, xTest, { backend }));
      expect(relativeError(Float64Array.from(again), Float64Array.from(outputs))).toBeLessThan(1e-12);
    }
    expect(differences[0]).toBeGreaterThan(0);
    // Second order, up to the rounding of the values to float32.
    expect(differences[1]!).toBeLessThan(differences[0]! / 30 + 1e-5);
  });

  test('is refused where there is none, with the reason', async () => {
    const { network, backend, x, y } = await makeProblem({ outputs: 2 });
    using zero = await adapt(network, { x, y }, { backend, mean: 'zero', layers: 'last' });
    const stored = await storePosterior(zero);
    expect(() => shiftNetwork(stored)).toThrow(/prior mean is zero.*adapt with mean network/);
    using apart = await adapt(network, { x, y }, { backend, outputs: 'independent', layers: 'last' });
    const several = await storePosterior(apart);
    expect(() => shiftNetwork(several)).toThrow(/outputs independent have 2 weight vectors/);
  });

  test('moves the chosen layers only', async () => {
    const { network, backend, x, y } = await makeProblem();
    using adapted = await adapt(network, { x, y }, { backend, layers: 'last' });
    const { values, parameters } = shiftNetwork(await storePosterior(adapted));
    const last = parameters.at(-1)!.layer;
    values.forEach((value, i) => {
      if (parameters[i]!.layer === last) expect(value).not.toEqual(network.values[i]);
      else expect(value).toBe(network.values[i]);
    });
  });
});
