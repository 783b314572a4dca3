import {
  type FunctionSpaceProblem,
  type InformationSolver,
  blockPrecisionRoot,
  functionSpacePosterior,
  noisePrecisionRoot,
  parameterSpacePosterior,
} from '@ntk/gp';
import { choleskySolver, matrix } from '@ntk/linop';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { categoricalRoot, kernels, randomProblem } from './random-problem.ts';

const named = (name: string): unknown => expect.objectContaining({ name });

describe('edges of the domain', () => {
  test('one row', async () => {
    using posterior = await functionSpacePosterior({
      kTrainTrain: matrix(1, 1, Float64Array.of(3)),
      yTrain: Float64Array.of(2),
      noise: 1,
    });
    const query = { kTestTrain: matrix(1, 1, Float64Array.of(1.5)), kTestDiagonal: Float64Array.of(3) };
    expect((await posterior.mean(query))[0]).toBeCloseTo((1.5 * 2) / 4, 15);
    expect((await posterior.variance(query))[0]).toBeCloseTo(3 - 1.5 ** 2 / 4, 15);
    expect(posterior.logMarginalLikelihood).toBeCloseTo(-0.5 * (4 / 4 + Math.log(4) + Math.log(2 * Math.PI)), 14);
    const left = await posterior.leaveOneOut();
    expect(left.mean[0]).toBeCloseTo(0, 14);
    expect(left.variance[0]).toBeCloseTo(4, 14);
  });

  test('repeated rows with almost no noise: the repeats are averaged', async () => {
    const kTrainTrain = matrix(4, 4, new Float64Array(16).fill(2));
    using posterior = await functionSpacePosterior({ kTrainTrain, yTrain: Float64Array.of(1, 2, 3, 6), noise: 1e-9 });
    const query = { kTestTrain: matrix(1, 4, new Float64Array(4).fill(2)), kTestDiagonal: Float64Array.of(2) };
    expect((await posterior.mean(query))[0]).toBeCloseTo(3, 5);
    expect((await posterior.variance(query))[0]! / (1e-9 / 4)).toBeCloseTo(1, 2);
  });

  test('a kernel of zeros: the prior mean, no variance, independent targets', async () => {
    const yTrain = Float64Array.of(1, -2, 0.5);
    using posterior = await functionSpacePosterior({ kTrainTrain: matrix(3, 3), yTrain, noise: 0.5 });
    const query = { kTestTrain: matrix(2, 3), kTestDiagonal: new Float64Array(2), priorMean: Float64Array.of(7, 8) };
    expect([...(await posterior.mean(query))]).toEqual([7, 8]);
    expect([...(await posterior.variance(query))]).toEqual([0, 0]);
    const density = yTrain.reduce((sum, y) => sum - 0.5 * (y ** 2 / 0.5 + Math.log(2 * Math.PI * 0.5)), 0);
    expect(posterior.logMarginalLikelihood).toBeCloseTo(density, 13);
    expect((await posterior.evidenceGradient()).logPriorVariance).toBeCloseTo(0, 14);
  });

  test('a prior variance of 0 on all parameters: the same', async () => {
    const { jTrain, jTest, yTrain, noise } = randomProblem('frozen', { n: 4, m: 2, c: 1, p: 3 });
    using posterior = await parameterSpacePosterior({ jTrain, priorVariance: 0, yTrain, noise });
    expect([...(await posterior.mean({ jTest }))]).toEqual([0, 0]);
    expect([...(await posterior.variance({ jTest }))]).toEqual([0, 0]);
  });

  test('parameters frozen by a prior variance of 0 might as well not be there', async () => {
    const { jTrain, jTest, yTrain, noise } = randomProblem('frozen layer', { n: 8, m: 3, c: 1, p: 6 });
    const first = (a: typeof jTrain) =>
      matrix(
        a.rows,
        4,
        Float64Array.from({ length: a.rows * 4 }, (_, i) => a.data[Math.floor(i / 4) * 6 + (i % 4)]!),
      );
    using frozen = await parameterSpacePosterior({
      jTrain,
      priorVariance: Float64Array.of(2, 2, 2, 2, 0, 0),
      yTrain,
      noise,
    });
    using absent = await parameterSpacePosterior({ jTrain: first(jTrain), priorVariance: 2, yTrain, noise });
    expect(relativeError(await frozen.mean({ jTest }), await absent.mean({ jTest: first(jTest) }))).toBeLessThan(1e-14);
    expect(
      relativeError(await frozen.variance({ jTest }), await absent.variance({ jTest: first(jTest) })),
    ).toBeLessThan(1e-14);
    expect(frozen.logMarginalLikelihood).toBeCloseTo(absent.logMarginalLikelihood, 12);
  });

  test('no test rows', async () => {
    const { kTrainTrain } = kernels(randomProblem('empty', { n: 3, m: 1, c: 1, p: 2 }));
    using posterior = await functionSpacePosterior({ kTrainTrain, yTrain: Float64Array.of(1, 2, 3), noise: 1 });
    const query = { kTestTrain: matrix(0, 3), kTestTest: matrix(0, 0) };
    expect((await posterior.mean(query)).length).toBe(0);
    expect((await posterior.variance(query)).length).toBe(0);
    expect((await posterior.covariance(query)).rows).toBe(0);
  });
});

describe('refused, with a typed error', () => {
  const good = { kTrainTrain: matrix(2, 2, Float64Array.of(2, 1, 1, 2)), yTrain: Float64Array.of(1, 2), noise: 0.1 };
  const cases: [string, Partial<FunctionSpaceProblem>, string][] = [
    ['a NaN target', { yTrain: Float64Array.of(1, NaN) }, 'NumericalError'],
    ['an infinite target', { yTrain: Float64Array.of(Infinity, 1) }, 'NumericalError'],
    ['a NaN prior mean', { priorMean: { kind: 'fixed', values: Float64Array.of(NaN, 0) } }, 'NumericalError'],
    ['a NaN kernel', { kTrainTrain: matrix(2, 2, Float64Array.of(1, 0, 0, NaN)) }, 'NumericalError'],
    [
      'a kernel that is not positive semidefinite',
      { kTrainTrain: matrix(2, 2, Float64Array.of(0, 5, 5, 0)) },
      'NumericalError',
    ],
    ['a missing target', { yTrain: Float64Array.of(1) }, 'ShapeError'],
    ['a prior mean of another length', { priorMean: { kind: 'fixed', values: Float64Array.of(1) } }, 'ShapeError'],
    ['outputs that do not divide the rows', { priorMean: { kind: 'constant', outputs: 3 } }, 'ShapeError'],
    ['a kernel that is not square', { kTrainTrain: matrix(2, 3) }, 'ShapeError'],
    ['no noise', { noise: 0 }, 'OptionError'],
    ['negative noise', { noise: -1 }, 'OptionError'],
    ['NaN noise', { noise: Float64Array.of(1, NaN) }, 'OptionError'],
    ['too few noise variances', { noise: Float64Array.of(1) }, 'ShapeError'],
    ['a singular precision', { noise: categoricalRoot(1, 2) }, 'OptionError'],
    ['a negative prior variance', { priorVariance: -1 }, 'OptionError'],
  ];
  test.each(cases)('%s', async (_, change, name) => {
    await expect(functionSpacePosterior({ ...good, ...change })).rejects.toThrow(named(name));
  });

  test('queries that do not fit', async () => {
    using posterior = await functionSpacePosterior(good);
    const cross = matrix(1, 2);
    await expect(posterior.mean({ kTestTrain: matrix(1, 3) })).rejects.toThrow(named('ShapeError'));
    await expect(posterior.mean({ kTestTrain: cross, priorMean: Float64Array.of(1, 2) })).rejects.toThrow(
      named('ShapeError'),
    );
    await expect(posterior.variance({ kTestTrain: cross })).rejects.toThrow(named('OptionError'));
    await expect(posterior.covariance({ kTestTrain: cross })).rejects.toThrow(named('OptionError'));
    await expect(posterior.covariance({ kTestTrain: cross, kTestTest: matrix(2, 2) })).rejects.toThrow(
      named('ShapeError'),
    );
    await expect(posterior.mean({ kTestTrain: matrix(1, 2, Float64Array.of(NaN, 0)) })).rejects.toThrow(
      named('NumericalError'),
    );
  });

  test('parameter space: a negative prior variance, a Jacobian with NaN', async () => {
    const problem = { jTrain: matrix(2, 2), yTrain: Float64Array.of(1, 2), noise: 1 };
    await expect(parameterSpacePosterior({ ...problem, priorVariance: Float64Array.of(1, -1) })).rejects.toThrow(
      named('OptionError'),
    );
    const jTrain = matrix(2, 2, Float64Array.of(1, NaN, 0, 0));
    await expect(parameterSpacePosterior({ ...problem, jTrain })).rejects.toThrow(named('NumericalError'));
  });

  test('blocks that are not whole', () => {
    expect(() => blockPrecisionRoot(new Float64Array(6), 4)).toThrow(named('ShapeError'));
    expect(() => noisePrecisionRoot(Infinity, 2)).toThrow(named('OptionError'));
  });
});

describe('solver and ownership', () => {
  const problem = { kTrainTrain: matrix(2, 2, Float64Array.of(2, 1, 1, 2)), yTrain: Float64Array.of(1, 2), noise: 0.1 };
  const query = { kTestTrain: matrix(1, 2, Float64Array.of(1, 1)), kTestDiagonal: Float64Array.of(2) };

  function counting(strip: boolean): { solver: InformationSolver; alive: () => number } {
    const inner = choleskySolver();
    let alive = 0;
    const solver: InformationSolver = {
      init: async (A) => {
        const state = await inner.init(A);
        alive++;
        const dispose = (): void => {
          alive--;
          state.dispose();
        };
        const common = { logDeterminant: () => state.logDeterminant(), dispose, [Symbol.dispose]: dispose };
        return strip ? common : { ...common, factor: () => state.factor() };
      },
      compute: () => Promise.reject(new Error('not used')),
    };
    return { solver, alive: () => alive };
  }

  test('the state of the given solver is released with the posterior', async () => {
    const { solver, alive } = counting(false);
    const posterior = await functionSpacePosterior(problem, solver);
    expect(alive()).toBe(1);
    posterior.dispose();
    expect(alive()).toBe(0);
  });

  test('and when fitting fails', async () => {
    const { solver, alive } = counting(false);
    const yTrain = Float64Array.of(1, NaN);
    await expect(functionSpacePosterior({ ...problem, yTrain }, solver)).rejects.toThrow(named('NumericalError'));
    expect(alive()).toBe(0);
  });

  test('a solver without a factor is refused, and its state released', async () => {
    const { solver, alive } = counting(true);
    await expect(functionSpacePosterior(problem, solver)).rejects.toThrow(named('UnsupportedError'));
    expect(alive()).toBe(0);
  });

  test('after dispose, variances are an error; disposing twice is not', async () => {
    const posterior = await functionSpacePosterior(problem);
    posterior.dispose();
    posterior.dispose();
    await expect(posterior.variance(query)).rejects.toThrow(named('OwnershipError'));
  });

  test('the problem may be overwritten once the posterior is made', async () => {
    const own = {
      ...problem,
      kTrainTrain: matrix(2, 2, problem.kTrainTrain.data.slice()),
      yTrain: problem.yTrain.slice(),
    };
    using posterior = await functionSpacePosterior(own);
    own.kTrainTrain.data.fill(NaN);
    own.yTrain.fill(NaN);
    using fresh = await functionSpacePosterior(problem);
    expect(await posterior.mean(query)).toEqual(await fresh.mean(query));
    expect((await posterior.leaveOneOut()).mean).toEqual((await fresh.leaveOneOut()).mean);
  });
});
