import { lastLayerRidge, untouchedNetwork, type BaselineData } from '@ntk/bench';
import { denseNetwork } from '@ntk/models';
import { Rng, cpuBackend, type Network } from '@ntk/tensor';
import { expectAllclose, trackTensors } from '@ntk/tensor/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { dot, solveDirectly } from './linear-algebra.ts';

const backend = trackTensors(cpuBackend());
afterEach(() => expect(backend.describeLive()).toEqual([]));

const hidden = 6;
const network = denseNetwork({ inputs: 2, hidden: [hidden], outputs: 2, rng: new Rng(1), dtype: 'float64' });

function targets(n: number): BaselineData {
  const rng = new Rng(n);
  const x = rng.normals(2 * n);
  const y = Float64Array.from(
    { length: 2 * n },
    (_, i) => (i % 2 === 0 ? 10 + 2 * Math.sin(x[i]!) : x[i]! - 3) + 0.2 * rng.normal(),
  );
  return { n, x, y };
}

/** tanh(x W + b) of the first layer, by hand. */
function features({ values }: Network, x: ArrayLike<number>, i: number): number[] {
  return Array.from({ length: hidden }, (_, k) =>
    Math.tanh(x[2 * i]! * values[0]![k]! + x[2 * i + 1]! * values[0]![hidden + k]! + values[1]![k]!),
  );
}

describe('untouched network', () => {
  test('predicts the outputs with the mean squared error as variance', async () => {
    const data = targets(9);
    using fitted = await untouchedNetwork({ network, backend }).fit(data);
    const { mean, variance } = await fitted.predict(data.x);
    const [, , kernel, bias] = network.values;
    const expected = Array.from(
      { length: 18 },
      (_, i) =>
        dot(
          features(network, data.x, Math.floor(i / 2)),
          Array.from({ length: hidden }, (_k, k) => kernel![2 * k + (i % 2)]!),
        ) + bias![i % 2]!,
    );
    expectAllclose(mean, expected, { atol: 1e-13 });
    const squares = [0, 1].map((a) =>
      expected.filter((_, i) => i % 2 === a).reduce((sum, value, i) => sum + (data.y[2 * i + a]! - value) ** 2 / 9, 0),
    );
    expectAllclose(variance.slice(0, 2), squares, { rtol: 1e-12 });
    expect(fitted.learned.map(({ noiseVariance }) => noiseVariance)).toEqual(Array.from(variance.slice(0, 2)));
  });
});

describe('last layer', () => {
  for (const n of [4, 40]) {
    test(`is ridge regression with an intercept on the features, n = ${n}`, async () => {
      const data = targets(n);
      using fitted = await lastLayerRidge({ network, backend }).fit(data);
      const { mean, variance } = await fitted.predict(Float64Array.of(0.3, -0.7, 2, 2));
      [0, 1].forEach((a) => {
        const { ridge, noiseVariance } = fitted.learned[a]! as { ridge: number; noiseVariance: number };
        // Normal equations in weights and intercept, the intercept without a penalty.
        const rows = Array.from({ length: n }, (_, i) => [...features(network, data.x, i), 1]);
        const normal = Array.from({ length: hidden + 1 }, (_, k) =>
          Array.from(
            { length: hidden + 1 },
            (_l, l) => rows.reduce((sum, row) => sum + row[k]! * row[l]!, 0) + (k === l && k < hidden ? ridge : 0),
          ),
        );
        const moment = normal.map((_, k) => rows.reduce((sum, row, i) => sum + row[k]! * data.y[2 * i + a]!, 0));
        const tests = [0, 1].map((i) => [...features(network, [0.3, -0.7, 2, 2], i), 1]);
        const [weights, ...solved] = solveDirectly(normal, [moment, ...tests]);
        tests.forEach((phi, i) => {
          expectAllclose([mean[2 * i + a]!], [dot(phi, weights!)], { rtol: 1e-8 });
          expectAllclose([variance[2 * i + a]!], [noiseVariance * (1 + dot(phi, solved[i]!))], { rtol: 1e-8 });
        });
      });
    });
  }

  test('learns a noise variance near that of the data, 0.04', async () => {
    const data = targets(40);
    using fitted = await lastLayerRidge({ network, backend }).fit(data);
    const { ridge, noiseVariance, priorVariance } = fitted.learned[0]! as Record<string, number>;
    expect(ridge).toBeCloseTo(noiseVariance! / priorVariance!, 12);
    expect(noiseVariance).toBeGreaterThan(0.01);
    expect(noiseVariance).toBeLessThan(0.2);
  });

  test('agrees in float32, over several test batches', async () => {
    const data = targets(40);
    const many = targets(1100).x;
    using double = await lastLayerRidge({ network, backend }).fit(data);
    using single = await lastLayerRidge({ network, backend, dtype: 'float32' }).fit(data);
    const [expected, actual] = [await double.predict(many), await single.predict(many)];
    expectAllclose(actual.mean, expected.mean, { atol: 1e-3 });
    expectAllclose(await double.predict(many.subarray(-4)).then(({ mean }) => mean), expected.mean.subarray(-4), {
      atol: 1e-10,
    });
  });

  test('refuses a last layer that is not linear, and data that do not fit', async () => {
    const squashed = denseNetwork({ inputs: 2, hidden: [4, 3], outputs: 2, rng: new Rng(2) });
    const frozen = {
      ...squashed,
      parameters: squashed.parameters.map((parameter, i) => ({ ...parameter, trainable: i < 4 })),
    };
    await expect(lastLayerRidge({ network: frozen, backend }).fit(targets(5))).rejects.toThrow(
      /not linear in its last layer 'dense_1'/,
    );
    await expect(lastLayerRidge({ network, backend }).fit(targets(2))).rejects.toThrow(/2 examples/);
    await expect(untouchedNetwork({ network, backend }).fit({ ...targets(6), y: new Float64Array(6) })).rejects.toThrow(
      /1 targets an example, expected 2/,
    );
  });
});
