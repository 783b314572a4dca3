import { linearizationCost, linearize } from '@ntk/jacobian';
import { Rng, cpuBackend, sizeOf } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { randomDense } from './networks.ts';

describe('linearizationCost', () => {
  const network = randomDense([3, 6, 4, 2], new Rng(3));
  test('counts the numbers that a linearization keeps', async () => {
    const [n, backend] = [7, cpuBackend()];
    const cost = linearizationCost(network, 'all');
    using l = await linearize(network, new Rng(1).normals(n * 3), { backend });
    expect(cost.outputs).toBe(l.c);
    expect(cost.parameters).toBe(l.p);
    const terms = await l.factors.ofBatch(0);
    const numbers = terms
      .flatMap(({ activations, indices, sensitivities }) => [activations, indices, sensitivities])
      .reduce((sum, tensor) => sum + (tensor === null ? 0 : sizeOf(tensor.shape)), 0);
    expect(n * cost.factorNumbers).toBe(numbers);
    // Dense layers: nothing but values of the dtype, the factors themselves among them.
  });

  test('frozen layers cost nothing', () => {
    const [all, last] = [linearizationCost(network, 'all'), linearizationCost(network, 'last')];
    expect(last.tangent).toBeLessThan(all.tangent);
    expect(last.kept).toBeLessThan(all.kept);
    expect(last.kernelPair).toBeLessThan(all.kernelPair);
    expect(() => linearizationCost(network, { names: ['conv'] })).toThrow("'conv'");
  });
});
