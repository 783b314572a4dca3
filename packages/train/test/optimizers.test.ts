import { Rng, cpuBackend } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { adam, constantRate, cosineDecay, sgd, stepDecay, train, type Optimizer, type Schedule } from '@ntk/train';
import { describe, expect, test } from 'vitest';
import { flatValues, linearNetwork } from './networks.ts';

const backend = cpuBackend();

/** The loss (w − 3)², one example, one weight: its gradient is 2 (w − 3). */
async function trajectory(optimizer: Optimizer, steps: number, schedule: Schedule = constantRate()): Promise<number[]> {
  const values: number[] = [];
  for (let epochs = 1; epochs <= steps; epochs++) {
    const data = { x: Float64Array.of(1), y: Float64Array.of(3) };
    const fixed = { name: 'of the longest run', factor: (step: number) => schedule.factor(step, steps) };
    const options = { backend, dtype: 'float64', epochs, optimizer, schedule: fixed, rng: new Rng(0) } as const;
    values.push((await train(linearNetwork(Float64Array.of(-1)), data, options)).network.values[0]![0]!);
  }
  return values;
}

describe('trajectories against the published rules', () => {
  test('sgd with momentum', async () => {
    let [w, v] = [-1, 0];
    const expected = Array.from({ length: 12 }, () => {
      v = 0.9 * v + 2 * (w - 3);
      return (w -= 0.05 * v);
    });
    expectAllclose(await trajectory(sgd({ learningRate: 0.05, momentum: 0.9 }), 12), expected, { rtol: 1e-13 });
  });

  for (const weightDecay of [0, 0.1]) {
    test(`adam, weight decay ${weightDecay}`, async () => {
      let [w, m, v] = [-1, 0, 0];
      const expected = Array.from({ length: 12 }, (_, i) => {
        const g = 2 * (w - 3);
        m = 0.8 * m + 0.2 * g;
        v = 0.99 * v + 0.01 * g * g;
        const [mHat, vHat] = [m / (1 - 0.8 ** (i + 1)), v / (1 - 0.99 ** (i + 1))];
        w -= 0.2 * weightDecay * w;
        return (w -= (0.2 * mHat) / (Math.sqrt(vHat) + 1e-3));
      });
      const optimizer = adam({ learningRate: 0.2, beta1: 0.8, beta2: 0.99, epsilon: 1e-3, weightDecay });
      expectAllclose(await trajectory(optimizer, 12), expected, { rtol: 1e-13 });
    });
  }

  test('a step decay changes the rate, not the velocity', async () => {
    let [w, v] = [-1, 0];
    const expected = Array.from({ length: 6 }, (_, i) => {
      v = 0.5 * v + 2 * (w - 3);
      return (w -= 0.1 * 0.1 ** Math.floor(i / 2) * v);
    });
    const optimizer = sgd({ learningRate: 0.1, momentum: 0.5 });
    expectAllclose(await trajectory(optimizer, 6, stepDecay({ factor: 0.1, every: 2 })), expected, { rtol: 1e-13 });
  });

  test('cosine decay goes from 1 to its end', () => {
    const cosine = cosineDecay({ final: 0.2 });
    expect([0, 5, 10].map((step) => cosine.factor(step, 10))).toEqual([
      1,
      expect.closeTo(0.6, 12),
      expect.closeTo(0.2, 12),
    ]);
  });
});

describe('linear least squares', () => {
  const rng = new Rng(5);
  const n = 20;
  const x = rng.normals(n * 2);
  const y = Float64Array.from({ length: n }, (_, i) => 2 * x[2 * i]! - x[2 * i + 1]! + 0.3 * rng.normal());
  // The minimum of the mean of (x·w − y)² + λ/2 ‖w‖² solves (2 XᵀX / n + λ I) w = 2 Xᵀy / n.
  const solution = (penalty: number): number[] => {
    let [a, b, c, p, q] = [penalty, 0, penalty, 0, 0];
    for (let i = 0; i < n; i++) {
      const [u, v] = [x[2 * i]!, x[2 * i + 1]!];
      a += (2 * u * u) / n;
      b += (2 * u * v) / n;
      c += (2 * v * v) / n;
      p += (2 * u * y[i]!) / n;
      q += (2 * v * y[i]!) / n;
    }
    return [(c * p - b * q) / (a * c - b * b), (a * q - b * p) / (a * c - b * b)];
  };
  const options = { backend, dtype: 'float64', epochs: 400, rng: new Rng(1), batchSize: n } as const;

  for (const l2Penalty of [0, 0.5]) {
    test(`momentum reaches the closed form, penalty ${l2Penalty}`, async () => {
      const optimizer = sgd({ learningRate: 0.1, momentum: 0.5 });
      const { network } = await train(
        linearNetwork(new Float64Array(2)),
        { x, y },
        { ...options, optimizer, l2Penalty },
      );
      expectAllclose(flatValues(network), solution(l2Penalty), { rtol: 1e-10 });
    });
  }

  test('adam on minibatches comes near it', async () => {
    const optimizer = adam({ learningRate: 0.05 });
    const schedule = cosineDecay();
    const { network } = await train(
      linearNetwork(new Float64Array(2)),
      { x, y },
      { ...options, batchSize: 6, optimizer, schedule },
    );
    // What is left is the noise of the minibatches, well below the standard error of the solution, 0.3 / √n = 0.07.
    expectAllclose(flatValues(network), solution(0), { atol: 0.02 });
  });
});

test('settings outside their domain', () => {
  expect(() => sgd({ learningRate: 0 })).toThrow(/sgd: got learningRate 0/);
  expect(() => sgd({ learningRate: 1, momentum: 1 })).toThrow(/momentum 1, expected a number below 1/);
  expect(() => adam({ beta2: NaN })).toThrow(/beta2 NaN/);
  expect(() => stepDecay({ factor: 0.1, every: 0.5 })).toThrow(/every 0.5, expected an integer/);
});
