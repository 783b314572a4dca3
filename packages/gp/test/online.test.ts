import {
  type FunctionSpacePosterior,
  type Noise,
  type PriorMean,
  blockPrecisionRoot,
  conditionKernel,
  functionSpacePosterior,
} from '@ntk/gp';
import { type Matrix, gemm } from '@ntk/linop';
import { describe, expect, test } from 'vitest';
import { relativeError } from '@ntk/tensor/testing';
import { BOUNDS, SETTINGS, openGolden } from './golden.ts';
import { mlpJacobian } from './mlp-jacobian.ts';
import { categoricalRoot, kernels, priorMeans, randomProblem, submatrix } from './random-problem.ts';

const c = 2;
const problem = randomProblem('online', { n: 12, m: 4, c, p: 30 });
const full = kernels(problem);
const N = full.kTrainTrain.rows;
const TOLERANCE = 1e-11;
const named = (name: string): unknown => expect.objectContaining({ name });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Starts from `start` rows and appends `step` rows at a time. */
async function grow(
  start: number,
  step: number,
  { priorMean, noise }: { priorMean: PriorMean | undefined; noise: (from: number, to: number) => Noise },
): Promise<FunctionSpacePosterior> {
  const meanOf = (from: number, to: number) =>
    priorMean?.kind === 'fixed' ? { kind: 'fixed' as const, values: priorMean.values.slice(from, to) } : priorMean;
  const first = meanOf(0, start);
  let posterior = await functionSpacePosterior({
    kTrainTrain: submatrix(full.kTrainTrain, range(0, start), range(0, start)),
    priorVariance: 1.3,
    yTrain: problem.yTrain.slice(0, start),
    noise: noise(0, start),
    ...(first !== undefined && { priorMean: first }),
  });
  for (let from = start; from < N; from += step) {
    const to = Math.min(N, from + step);
    const mean = meanOf(from, to);
    using previous = posterior;
    posterior = await previous.append({
      kNewTrain: submatrix(full.kTrainTrain, range(from, to), range(0, from)),
      kNewNew: submatrix(full.kTrainTrain, range(from, to), range(from, to)),
      yNew: problem.yTrain.slice(from, to),
      noise: noise(from, to),
      ...(mean?.kind === 'fixed' && { priorMean: mean.values }),
    });
  }
  return posterior;
}

describe.each(Object.entries(priorMeans(problem)))('prior mean %s', (_, priorMean) => {
  test.each([
    [20, 4],
    [10, 2],
    [2, 6],
  ])('%i rows and then %i at a time: equal to a refit', async (start, step) => {
    using found = await grow(start, step, { priorMean, noise: (from, to) => problem.noise.slice(from, to) });
    using expected = await functionSpacePosterior({
      ...full,
      ...problem,
      priorVariance: 1.3,
      ...(priorMean !== undefined ? { priorMean } : {}),
    });
    expect(relativeError(await found.mean(full), await expected.mean(full))).toBeLessThan(TOLERANCE);
    expect(relativeError(await found.variance(full), await expected.variance(full))).toBeLessThan(TOLERANCE);
    const covariance = (await found.covariance(full)).data;
    expect(relativeError(covariance, (await expected.covariance(full)).data)).toBeLessThan(TOLERANCE);
    expect(Math.abs(found.logMarginalLikelihood / expected.logMarginalLikelihood - 1)).toBeLessThan(TOLERANCE);
    const [left, leftExpected] = [await found.leaveOneExampleOut(c), await expected.leaveOneExampleOut(c)];
    expect(relativeError(left.mean.data, leftExpected.mean.data)).toBeLessThan(TOLERANCE);
    expect(relativeError(left.covariance, leftExpected.covariance)).toBeLessThan(TOLERANCE);
  });
});

test('a singular precision of blocks', async () => {
  const root = categoricalRoot(12, c);
  const half = N / 2;
  const blocksOf = (from: number, to: number) => blockPrecisionRoot(root.blocks.slice(from * c, to * c), c);
  using first = await conditionKernel({
    kTrainTrain: submatrix(full.kTrainTrain, range(0, half), range(0, half)),
    precisionRoot: blocksOf(0, half),
  });
  using found = await first.append({
    kNewTrain: submatrix(full.kTrainTrain, range(half, N), range(0, half)),
    kNewNew: submatrix(full.kTrainTrain, range(half, N), range(half, N)),
    precisionRoot: blocksOf(half, N),
  });
  using expected = await conditionKernel({ kTrainTrain: full.kTrainTrain, precisionRoot: root });
  const covariance = (await found.covariance(full)).data;
  expect(relativeError(covariance, (await expected.covariance(full)).data)).toBeLessThan(TOLERANCE);
  expect(found.logDeterminant / expected.logDeterminant).toBeCloseTo(1, 11);
  await expect(
    found.append({
      kNewTrain: full.kTestTrain,
      kNewNew: full.kTestTest,
      precisionRoot: { rows: 8, size: 1, blocks: new Float64Array(8) },
    }),
  ).rejects.toEqual(named('ShapeError'));
});

test('bad arguments leave the posterior as it was', async () => {
  using posterior = await functionSpacePosterior({ ...full, ...problem, priorVariance: 1 });
  const before = await posterior.mean(full);
  const examples = { kNewTrain: full.kTestTrain, kNewNew: full.kTestTest, yNew: new Float64Array(8), noise: 1 };
  await expect(posterior.append({ ...examples, yNew: new Float64Array(7) })).rejects.toEqual(named('ShapeError'));
  await expect(posterior.append({ ...examples, noise: 0 })).rejects.toEqual(named('OptionError'));
  await expect(posterior.append({ ...examples, yNew: new Float64Array(8).fill(NaN) })).rejects.toEqual(
    named('NumericalError'),
  );
  expect(await posterior.mean(full)).toEqual(before);
});

describe.each(['sine_mlp', 'mlp2'])('%s', (model) => {
  const golden = openGolden(model);
  describe.skipIf(golden === undefined).each(SETTINGS)('golden values of the online update, setting %s', (setting) => {
    test.each(['zero', 'network'] as const)('prior mean %s', async (mean) => {
      const { reference } = golden!;
      const { priorVariance, noiseVariance } = golden!.setting(setting);
      const [jExtra, jTest] = ['Xextra', 'Xstar'].map((key) => mlpJacobian(reference, golden!.matrix(key)));
      const jTrain = golden!.matrix('J');
      const kernel = (a: Matrix, b: Matrix) => gemm(a, b, { transposeB: true });
      const network = mean === 'network';
      using before = await functionSpacePosterior({
        kTrainTrain: golden!.matrix('ntk'),
        priorVariance,
        noise: noiseVariance,
        yTrain: golden!.vector('Y'),
        ...(network && { priorMean: { kind: 'fixed', values: golden!.vector('f') } }),
      });
      using found = await before.append({
        kNewTrain: kernel(jExtra!, jTrain),
        kNewNew: kernel(jExtra!, jExtra!),
        yNew: golden!.vector('Yextra'),
        noise: noiseVariance,
        ...(network && { priorMean: golden!.vector('fextra') }),
      });
      const old = golden!.matrix('ntk_cross');
      const kTestTrain = appendColumns(old, kernel(jTest!, jExtra!));
      const query = { kTestTrain, kTestTest: golden!.matrix('ntk_star') };
      const at = network ? { ...query, priorMean: golden!.vector('fstar') } : query;
      const bounds = BOUNDS[setting];
      const errors = {
        mean: relativeError(await found.mean(at), golden!.vector(`gp/${setting}/online/${mean}/mean`)),
        covariance: relativeError((await found.covariance(at)).data, golden!.vector(`gp/${setting}/online/cov`)),
        evidence: relativeError(
          [found.logMarginalLikelihood],
          [reference.number('gp', 'settings', setting, 'online_log_marginal_likelihood', mean)],
        ),
      };
      console.log(
        `${model} online ${setting}, ${mean}: ${Object.entries(errors)
          .map(([name, error]) => `${name} ${error.toExponential(1)}`)
          .join(', ')}`,
      );
      expect(errors.mean).toBeLessThan(bounds.mean);
      expect(errors.covariance).toBeLessThan(bounds.covariance);
      expect(errors.evidence).toBeLessThan(bounds.evidence);
    });
  });
});

function appendColumns(left: Matrix, right: Matrix): Matrix {
  const columns = left.columns + right.columns;
  const data = new Float64Array(left.rows * columns);
  for (let i = 0; i < left.rows; i++) {
    data.set(left.data.subarray(i * left.columns, (i + 1) * left.columns), i * columns);
    data.set(right.data.subarray(i * right.columns, (i + 1) * right.columns), i * columns + left.columns);
  }
  return { rows: left.rows, columns, data };
}
