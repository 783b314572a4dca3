import { functionSpacePosterior } from '@ntk/gp';
import { matrix } from '@ntk/linop';
import { describe, expect, test } from 'vitest';
import { relativeError } from '@ntk/tensor/testing';
import { kernels, priorMeans, randomProblem, submatrix } from './random-problem.ts';

const problem = randomProblem('leave out', { n: 6, m: 1, c: 2, p: 15 });
const { kTrainTrain } = kernels(problem);
const { yTrain, noise, outputs } = problem;
const all = Array.from(yTrain.keys());

describe.each(Object.entries(priorMeans(problem)))('leave-one-out equals refits, prior mean %s', (_, priorMean) => {
  // The prediction of some rows, noise included, from a posterior that never saw them.
  const refit = async (out: readonly number[]) => {
    const kept = all.filter((i) => !out.includes(i));
    const pick = (values: Float64Array, rows: readonly number[]) => Float64Array.from(rows, (i) => values[i]!);
    const fixed = priorMean?.kind === 'fixed' ? priorMean.values : undefined;
    using posterior = await functionSpacePosterior({
      kTrainTrain: submatrix(kTrainTrain, kept, kept),
      yTrain: pick(yTrain, kept),
      noise: pick(noise, kept),
      ...(fixed !== undefined && { priorMean: { kind: 'fixed', values: pick(fixed, kept) } }),
      ...(priorMean?.kind === 'constant' && { priorMean }),
    });
    const query = {
      kTestTrain: submatrix(kTrainTrain, out, kept),
      kTestTest: submatrix(kTrainTrain, out, out),
      ...(fixed !== undefined && { priorMean: pick(fixed, out) }),
    };
    const covariance = (await posterior.covariance(query)).data;
    out.forEach((row, i) => (covariance[i * out.length + i]! += noise[row]!));
    return { mean: await posterior.mean(query), covariance };
  };

  const full = () =>
    functionSpacePosterior({ kTrainTrain, yTrain, noise, ...(priorMean !== undefined && { priorMean }) });

  // Refits with one row gone would mix up the outputs that a constant is for: only examples can be compared.
  if (priorMean?.kind !== 'constant') {
    test('row by row', async () => {
      using posterior = await full();
      const found = await posterior.leaveOneOut();
      const refits = await Promise.all(all.map((i) => refit([i])));
      expect(
        relativeError(
          found.mean,
          refits.map(({ mean }) => mean[0]!),
        ),
      ).toBeLessThan(1e-12);
      expect(
        relativeError(
          found.variance,
          refits.map(({ covariance }) => covariance[0]!),
        ),
      ).toBeLessThan(1e-11);
    });
  }

  test('example by example', async () => {
    using posterior = await full();
    const found = await posterior.leaveOneExampleOut(outputs);
    const refits = await Promise.all(Array.from({ length: 6 }, (_, i) => refit([2 * i, 2 * i + 1])));
    expect(
      relativeError(
        found.mean.data,
        refits.flatMap(({ mean }) => [...mean]),
      ),
    ).toBeLessThan(1e-12);
    expect(
      relativeError(
        found.covariance,
        refits.flatMap(({ covariance }) => [...covariance]),
      ),
    ).toBeLessThan(1e-11);
  });
});

test('with one output, examples are rows, and a constant is refitted for each', async () => {
  using posterior = await functionSpacePosterior({
    kTrainTrain,
    yTrain,
    noise,
    priorMean: { kind: 'constant', outputs: 1 },
  });
  const rows = await posterior.leaveOneOut();
  const examples = await posterior.leaveOneExampleOut(1);
  expect(relativeError(examples.mean.data, rows.mean)).toBeLessThan(1e-14);
  expect(relativeError(examples.covariance, rows.variance)).toBeLessThan(1e-14);
  const kept = all.slice(1);
  using without = await functionSpacePosterior({
    kTrainTrain: submatrix(kTrainTrain, kept, kept),
    yTrain: yTrain.slice(1),
    noise: noise.slice(1),
    priorMean: { kind: 'constant', outputs: 1 },
  });
  const query = { kTestTrain: submatrix(kTrainTrain, [0], kept), kTestDiagonal: kTrainTrain.data.slice(0, 1) };
  expect(relativeError([rows.mean[0]!], await without.mean(query))).toBeLessThan(1e-12);
  expect(relativeError([rows.variance[0]!], [(await without.variance(query))[0]! + noise[0]!])).toBeLessThan(1e-11);
});

test('what cannot be left out is refused', async () => {
  const one = { kTrainTrain: matrix(1, 1, Float64Array.of(2)), yTrain: Float64Array.of(3), noise: 0.1 };
  using posterior = await functionSpacePosterior({ ...one, priorMean: { kind: 'constant', outputs: 1 } });
  await expect(posterior.leaveOneOut()).rejects.toThrow(expect.objectContaining({ name: 'OptionError' }));
  using two = await functionSpacePosterior({ kTrainTrain, yTrain, noise });
  await expect(two.leaveOneExampleOut(5)).rejects.toThrow(expect.objectContaining({ name: 'ShapeError' }));
});
