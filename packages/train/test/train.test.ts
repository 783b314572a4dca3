import { Rng, cpuBackend, type Network } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { adam, sgd, train, type EpochRecord, type TrainOptions } from '@ntk/train';
import { afterEach, describe, expect, test } from 'vitest';
import { denseNetwork, flatValues } from './networks.ts';

const backend = trackTensors(cpuBackend());

afterEach(() => {
  expect(backend.describeLive()).toEqual([]);
  expect(backend.liveExecutables).toBe(0);
});

function wave(n: number, seed: number): { x: Float64Array; y: Float64Array } {
  const rng = new Rng(seed);
  const x = rng.normals(n);
  return { x, y: x.map((value) => Math.sin(2 * value) + 0.2 * rng.normal()) };
}

const network = denseNetwork([1, 8, 1], 1);
const data = wave(23, 2);
const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  backend,
  epochs: 20,
  batchSize: 8,
  optimizer: adam({ learningRate: 0.02 }),
  rng: new Rng(3),
  ...more,
});

describe('train', () => {
  test('lowers the loss, leaves the given network alone, and reports every epoch', async () => {
    const before = network.values.map((values) => values.slice());
    const seen: EpochRecord[] = [];
    const result = await train(network, data, options({ epochs: 60, onEpoch: (record) => seen.push(record) }));
    expect(result.history.at(-1)!.trainLoss).toBeLessThan(result.history[0]!.trainLoss / 3);
    expect(network.values).toEqual(before);
    expect(seen).toEqual(result.history);
    expect(seen[0]).toMatchObject({ epoch: 1, steps: 3, learningRate: 0.02 });
    expect(result).toMatchObject({ bestEpoch: 60, stopped: 'epochs' });
    expect(result.network.values.map((values) => values.constructor)).toEqual(before.map(() => Float64Array));
  });

  test('gives the same bits for the same seed, others for another', async () => {
    const [first, second, other] = [
      await train(network, data, options()),
      await train(network, data, options()),
      await train(network, data, options({ rng: new Rng(4) })),
    ];
    expect(flatValues(second.network)).toEqual(flatValues(first.network));
    expect(flatValues(other.network)).not.toEqual(flatValues(first.network));
  });

  test('sees every example once an epoch, in a new order', async () => {
    const rng = new Rng(8);
    await train(network, data, options({ epochs: 2, rng }));
    const again = new Rng(8);
    const orders = [again.permutation(23), again.permutation(23)];
    expect(orders[0]).not.toEqual(orders[1]);
    expect(rng.uniform()).toBe(again.uniform());
  });

  test('keeps layers that were not chosen bit by bit', async () => {
    const { network: tuned } = await train(network, data, options({ layers: 'last' }));
    expect(tuned.values.slice(0, 2)).toEqual(network.values.slice(0, 2));
    expect(tuned.values[2]).not.toEqual(network.values[2]);
    expect(tuned.values[3]).not.toEqual(network.values[3]);
    expect(tuned.values[0]).not.toBe(network.values[0]);
  });

  test('examples of weight 0 do not count, and integer weights count as copies', async () => {
    const pick = (order: number[]): { x: Float64Array; y: Float64Array } => ({
      x: Float64Array.from(order, (i) => data.x[i]!),
      y: Float64Array.from(order, (i) => data.y[i]!),
    });
    const full = { batchSize: 100, epochs: 5, dtype: 'float64' } as const;
    const weighted = await train(network, { ...pick([0, 1, 2]), weights: Float64Array.of(2, 0, 1) }, options(full));
    const copied = await train(network, pick([0, 0, 2]), options(full));
    flatValues(weighted.network).forEach((value, i) => expect(value).toBeCloseTo(flatValues(copied.network)[i]!, 10));
  });

  test('works in float32 and returns the precision of the network', async () => {
    const single: Network = { ...network, values: network.values.map((values) => Float32Array.from(values)) };
    const result = await train(single, data, options());
    expect(result.network.values.every((values) => values instanceof Float32Array)).toBe(true);
  });
});

describe('early stopping', () => {
  const validation = wave(40, 5);
  const stopping = options({ epochs: 300, validation, earlyStopping: { patience: 8 } });

  test('stops once validation no longer gains and restores the best epoch', async () => {
    const result = await train(network, data, stopping);
    const losses = result.history.map((record) => record.validationLoss!);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(result).toMatchObject({ stopped: 'early-stopping', bestEpoch: best });
    expect(losses).toHaveLength(best + 8);
    const direct = await train(network, data, options({ epochs: best }));
    expect(flatValues(result.network)).toEqual(flatValues(direct.network));
  });

  test('gives back the given values if nothing improves on them', async () => {
    const optimizer = sgd({ learningRate: 1e-6 });
    const result = await train(network, data, {
      ...stopping,
      optimizer,
      earlyStopping: { patience: 2, minDelta: 1 },
      dtype: 'float64',
    });
    expect(result).toMatchObject({ bestEpoch: 0, stopped: 'early-stopping' });
    expect(result.history).toHaveLength(2);
    expect(flatValues(result.network)).toEqual(flatValues(network));
    expect(result.initialValidationLoss).toBeGreaterThan(0);
  });

  test('evaluates in chunks as at once', async () => {
    const many = wave(1500, 6);
    const { initialValidationLoss } = await train(
      network,
      data,
      options({ epochs: 1, dtype: 'float64', validation: many }),
    );
    const { history } = await train(network, many, options({ epochs: 1, dtype: 'float64', batchSize: 1500 }));
    expect(initialValidationLoss).toBeCloseTo(history[0]!.trainLoss, 12);
  });
});

describe('failures', () => {
  test('divergence says what to do, and writes nothing', async () => {
    const before = flatValues(network);
    const diverging = train(network, data, options({ optimizer: sgd({ learningRate: 1e30 }) }));
    await expect(diverging).rejects.toMatchObject({
      name: 'DivergenceError',
      message: expect.stringMatching(
        /the loss became (NaN|Infinity) in epoch 1 .*lower the learning rate \(now 1e\+30\)/,
      ) as string,
      divergence: { epoch: 1, learningRate: 1e30 },
    });
    expect(flatValues(network)).toEqual(before);
  });

  test('a last step to infinity is noticed', async () => {
    const last = train(network, data, options({ epochs: 1, batchSize: 100, optimizer: sgd({ learningRate: 1e300 }) }));
    await expect(last).rejects.toThrow(/a parameter became/);
  });

  test('aborting rejects with the reason', async () => {
    const controller = new AbortController();
    const running = train(
      network,
      data,
      options({ signal: controller.signal, onEpoch: () => controller.abort(new Error('enough')) }),
    );
    await expect(running).rejects.toThrow('enough');
    await expect(train(network, data, options({ signal: AbortSignal.abort(new Error('never')) }))).rejects.toThrow(
      'never',
    );
  });

  test('a timer can abort a run on a host backend', async () => {
    const signal = AbortSignal.timeout(60);
    await expect(train(network, data, options({ signal, epochs: 1e6 }))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  const broken: [string, Partial<TrainOptions>, Partial<typeof data> & { weights?: Float64Array }, RegExp][] = [
    ['epochs', { epochs: 0 }, {}, /epochs 0/],
    ['batch size', { batchSize: 2.5 }, {}, /batchSize 2.5/],
    ['penalty', { l2Penalty: -1 }, {}, /l2Penalty -1/],
    ['early stopping alone', { earlyStopping: { patience: 1 } }, {}, /without validation data/],
    ['layer', { layers: { names: ['nope'] } }, {}, /'nope'/],
    ['loss', { loss: 'hinge' as 'squared-error' }, {}, /loss 'hinge'/],
    ['targets', {}, { y: new Float64Array(5) }, /got 5 targets for 23 examples, expected 23/],
    ['NaN', {}, { x: data.x.with(4, NaN) }, /x holds NaN in example 4/],
    ['weights', {}, { weights: new Float64Array(23) }, /all 0/],
    ['negative weight', {}, { weights: new Float64Array(23).fill(1).with(2, -1) }, /weight -1 for example 2/],
    ['one class', { loss: 'cross-entropy' }, {}, /1 output/],
  ];
  test.each(broken)('%s', async (_name, more, part, message) => {
    await expect(train(network, { ...data, ...part }, options(more))).rejects.toThrow(message);
  });

  test('class numbers', async () => {
    const wide = denseNetwork([1, 3], 1);
    await expect(
      train(wide, { x: data.x, y: data.y.map(() => 3) }, options({ loss: 'cross-entropy' })),
    ).rejects.toThrow(/class 3 .* 0 to 2/);
  });
});
