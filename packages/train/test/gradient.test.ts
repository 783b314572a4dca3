import { Rng, asDType, cpuBackend, forward, type Network } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { crossEntropy, sgd, squaredError, train, type TrainingData, type TrainOptions } from '@ntk/train';
import { describe, expect, test } from 'vitest';
import { denseNetwork, flatValues, linearNetwork, withValues } from './networks.ts';

const backend = cpuBackend();

/** θ − θ' of one plain step of size 1 is the gradient. */
async function gradient(
  network: Network,
  data: TrainingData,
  options: Partial<TrainOptions> = {},
): Promise<Float64Array> {
  const optimizer = sgd({ learningRate: 1 });
  const result = await train(network, data, {
    backend,
    dtype: 'float64',
    epochs: 1,
    batchSize: 1000,
    optimizer,
    rng: new Rng(0),
    ...options,
  });
  const after = flatValues(result.network);
  return flatValues(network).map((value, i) => value - after[i]!);
}

type MeanLoss = (outputs: Float64Array, y: Float64Array, weights: Float64Array) => number;

const meanSquare: MeanLoss = (outputs, y, weights) => {
  const c = outputs.length / weights.length;
  return mean(weights, (i) => {
    let sum = 0;
    for (let a = 0; a < c; a++) sum += (outputs[i * c + a]! - y[i * c + a]!) ** 2 / c;
    return sum;
  });
};

const meanEntropy: MeanLoss = (outputs, y, weights) => {
  const c = outputs.length / weights.length;
  return mean(weights, (i) => {
    const logits = outputs.subarray(i * c, i * c + c);
    const logTotal = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return logits.reduce((sum, logit, a) => sum + y[i * c + a]! * (logTotal - logit), 0);
  });
};

function mean(weights: Float64Array, loss: (i: number) => number): number {
  return weights.reduce((sum, w, i) => sum + w * loss(i), 0) / weights.reduce((sum, w) => sum + w, 0);
}

async function centralDifferences(
  network: Network,
  loss: (network: Network) => Promise<number>,
): Promise<Float64Array> {
  const theta = flatValues(network);
  const result = new Float64Array(theta.length);
  const h = 1e-5;
  for (let i = 0; i < theta.length; i++) {
    const at = (value: number): Promise<number> => loss(withValues(network, theta.with(i, value)));
    result[i] = ((await at(theta[i]! + h)) - (await at(theta[i]! - h))) / (2 * h);
  }
  return result;
}

describe('the gradient of a step', () => {
  const network = denseNetwork([3, 5, 4], 1);
  const rng = new Rng(2);
  const n = 7;
  const x = rng.normals(n * 3);
  const weights = Float64Array.from({ length: n }, (_, i) => i % 3);
  const probabilities = rng.normals(n * 4).map(Math.exp);
  for (let i = 0; i < n; i++) {
    const row = probabilities.subarray(i * 4, i * 4 + 4);
    const sum = row.reduce((total, value) => total + value, 0);
    row.forEach((value, a) => (row[a] = value / sum));
  }
  const cases = [
    ['squared error', squaredError(), rng.normals(n * 4), meanSquare],
    ['cross-entropy', crossEntropy(), probabilities, meanEntropy],
  ] as const;
  for (const [name, loss, y, reference] of cases) {
    for (const l2Penalty of [0, 0.3]) {
      test(`${name}, weighted, penalty ${l2Penalty}, against central differences`, async () => {
        const expected = await centralDifferences(network, async (moved) => {
          using outputs = await forward(moved, x, { backend });
          const penalty = (l2Penalty / 2) * flatValues(moved).reduce((sum, value) => sum + value * value, 0);
          return reference(asDType(await backend.read(outputs), 'float64') as Float64Array, y, weights) + penalty;
        });
        // Truncation h²·f‴/6 and rounding ε·|loss|/h are both near 1e-10.
        expectAllclose(await gradient(network, { x, y, weights }, { loss, l2Penalty }), expected, { atol: 2e-9 });
      });
    }
  }

  test('the loss that is reported is the mean at the given parameters', async () => {
    const y = cases[0][2];
    using outputs = await forward(network, x, { backend });
    const expected = meanSquare((await backend.read(outputs)) as Float64Array, y, weights);
    const options = { backend, dtype: 'float64', epochs: 1, batchSize: 9, rng: new Rng(0) } as const;
    const { history } = await train(network, { x, y, weights }, { ...options, validation: { x, y, weights } });
    expect(history[0]!.trainLoss).toBeCloseTo(expected, 13);
  });
});

describe('a padded batch', () => {
  test('gives the bits of the small batch', async () => {
    const network = denseNetwork([3, 6, 2], 3);
    const rng = new Rng(4);
    const [x, y] = [rng.normals(5 * 3), rng.normals(5 * 2)];
    // Two batches, 3 + 2; a rate of 0 in the first leaves the parameters where they are.
    const secondOnly = { name: 'second', factor: (step: number) => (step === 0 ? 0 : 1) };
    const padded = await gradient(network, { x, y }, { batchSize: 3, schedule: secondOnly, rng: new Rng(9) });
    const order = new Rng(9).permutation(5).slice(3);
    const small = {
      x: Float64Array.from(order.flatMap((i) => Array.from(x.subarray(i * 3, i * 3 + 3)))),
      y: Float64Array.from(order.flatMap((i) => Array.from(y.subarray(i * 2, i * 2 + 2)))),
    };
    // The direct batch may be in the other order: sums of two terms do not depend on it.
    expect(padded).toEqual(await gradient(network, small));
  });
});

describe('cross-entropy', () => {
  const data = (labels: number[]): TrainingData => ({
    x: Float64Array.from([1, 0, 0, 1]),
    y: Float64Array.from(labels),
  });
  const network = linearNetwork(Float64Array.from([1e4, -1e4, 0, 0, 0, -1e4]), 3);

  for (const dtype of ['float64', 'float32'] as const) {
    test(`is finite and right at logits of ±1e4, ${dtype}`, async () => {
      const options = {
        backend,
        dtype,
        epochs: 1,
        rng: new Rng(0),
        loss: 'cross-entropy',
        optimizer: sgd({ learningRate: 1 }),
      } as const;
      const right = await train(network, data([0, 0]), options);
      expect(right.history[0]!.trainLoss).toBeCloseTo(Math.log(2) / 2, 6);
      const wrong = await train(network, data([1, 2]), options);
      expect(wrong.history[0]!.trainLoss).toBeCloseTo((2e4 + 1e4 + Math.log(2)) / 2, dtype === 'float64' ? 8 : 2);
      const moved = flatValues(network).map((value, i) => value - flatValues(wrong.network)[i]!);
      expectAllclose(moved, [0.5, -0.5, 0, 0.25, 0.25, -0.5], { atol: dtype === 'float64' ? 1e-11 : 1e-3 });
    });
  }

  test('labels and one-hot rows are the same', async () => {
    const dense = denseNetwork([2, 3, 3], 5);
    const hot = Float64Array.from([0, 0, 1, 1, 0, 0]);
    const loss = 'cross-entropy';
    expect(await gradient(dense, data([2, 0]), { loss })).toEqual(
      await gradient(dense, { ...data([]), y: hot }, { loss }),
    );
  });
});
