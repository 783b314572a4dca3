import { functionSpacePosterior } from '@ntk/gp';
import { matrix } from '@ntk/linop';
import { relativeError } from '@ntk/tensor/testing';
import { expect, test } from 'vitest';
import { kernels, randomProblem } from './random-problem.ts';

test('a constant mean is the limit of a vague prior on each output', async () => {
  const c = 2;
  const problem = randomProblem('vague', { n: 6, m: 3, c, p: 10 });
  const { kTrainTrain, kTestTrain, kTestTest } = kernels(problem);
  const vague = 1e7;
  const widen = (k: typeof kTrainTrain) =>
    matrix(
      k.rows,
      k.columns,
      k.data.map((value, i) => value + (Math.floor(i / k.columns) % c === (i % k.columns) % c ? vague : 0)),
    );
  const { yTrain, noise } = problem;
  using constant = await functionSpacePosterior({
    kTrainTrain,
    yTrain,
    noise,
    priorMean: { kind: 'constant', outputs: c },
  });
  using augmented = await functionSpacePosterior({ kTrainTrain: widen(kTrainTrain), yTrain, noise });
  const query = { kTestTrain, kTestTest };
  const wide = { kTestTrain: widen(kTestTrain), kTestTest: widen(kTestTest) };
  // Both the distance to the limit, 1/vague, and the rounding, vague · 2⁻⁵³, are about 1e-7.
  expect(relativeError(await constant.mean(query), await augmented.mean(wide))).toBeLessThan(1e-6);
  expect(relativeError((await constant.covariance(query)).data, (await augmented.covariance(wide)).data)).toBeLessThan(
    1e-5,
  );
  expect(relativeError(await constant.variance(query), await augmented.variance(wide))).toBeLessThan(1e-5);
  // A flat prior of density 1 against N(β; 0, vague) = exp(−β²/(2 vague))/√(2π vague).
  const density = constant.constant.reduce(
    (sum, b) => sum + 0.5 * Math.log(2 * Math.PI * vague) + b ** 2 / (2 * vague),
    0,
  );
  const limit = augmented.logMarginalLikelihood + density;
  expect(Math.abs(constant.logMarginalLikelihood - limit)).toBeLessThan(1e-5);
  const [left, leftWide] = [await constant.leaveOneExampleOut(c), await augmented.leaveOneExampleOut(c)];
  expect(relativeError(left.mean.data, leftWide.mean.data)).toBeLessThan(1e-6);
  expect(relativeError(left.covariance, leftWide.covariance)).toBeLessThan(1e-5);
});

test('without a kernel the constant is the weighted average, and far away the variance is that of β', async () => {
  const yTrain = Float64Array.of(1, 2, 6);
  const noise = Float64Array.of(1, 1, 0.5);
  using posterior = await functionSpacePosterior({
    kTrainTrain: matrix(3, 3),
    yTrain,
    noise,
    priorMean: { kind: 'constant', outputs: 1 },
  });
  expect(posterior.constant[0]).toBeCloseTo((1 + 2 + 2 * 6) / 4, 14);
  expect(posterior.constantCovariance.data[0]).toBeCloseTo(1 / 4, 14);
  const query = { kTestTrain: matrix(1, 3), kTestDiagonal: Float64Array.of(0) };
  expect((await posterior.mean(query))[0]).toBeCloseTo(3.75, 14);
  expect((await posterior.variance(query))[0]).toBeCloseTo(0.25, 14);
});

test('an offset of the targets moves β and nothing else, however large', async () => {
  const problem = randomProblem('offset', { n: 12, m: 3, c: 1, p: 4 });
  const { kTrainTrain, ...query } = kernels(problem);
  const { yTrain, noise } = problem;
  const priorMean = { kind: 'constant', outputs: 1 } as const;
  using near = await functionSpacePosterior({ kTrainTrain, yTrain, noise, priorMean });
  using far = await functionSpacePosterior({
    kTrainTrain,
    noise,
    yTrain: yTrain.map((y) => y + 2 ** 30),
    priorMean,
  });
  expect(relativeError(far.coefficients, near.coefficients)).toBeLessThan(1e-6);
  expect(Math.abs(far.logMarginalLikelihood - near.logMarginalLikelihood)).toBeLessThan(1e-5);
  const moved = (await far.mean(query)).map((value) => value - 2 ** 30);
  expect(relativeError(moved, await near.mean(query))).toBeLessThan(1e-6);
});
