import {
  type OperatorOptions,
  type OperatorQuery,
  type OperatorSolver,
  blockPrecisionRoot,
  conditionKernel,
  conditionOperator,
  functionSpacePosterior,
  operatorPosterior,
} from '@ntk/gp';
import { type Matrix, choleskySolver, eigenvaluesOf, matrix, matrixOperator } from '@ntk/linop';
import { cpuBackend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { BOUNDS, openGolden } from './golden.ts';
import { mlpJacobian } from './mlp-jacobian.ts';
import { categoricalRoot, kernels, priorMeans, randomProblem } from './random-problem.ts';
import { truncatedCg } from './truncated-cg.ts';

const SPACES = ['function', 'parameter'] as const;
const problem = randomProblem('operators', { n: 14, m: 5, c: 2, p: 25 });
const { jTrain, jTest, priorVariance, noise, yTrain } = problem;
const kernelQuery = kernels(problem);
const SOLVERS: [string, () => OperatorSolver][] = [
  ['choleskySolver', () => choleskySolver()],
  ['converged CG', () => truncatedCg({ steps: 200, rtol: 1e-13 })],
];
const named = (name: string): unknown => expect.objectContaining({ name });

describe.each(SPACES)('%s space', (space) => {
  describe.each(SOLVERS)('%s', (_, makeSolver) => {
    test.each(Object.entries(priorMeans(problem)))(
      'equals the exact posterior, prior mean %s',
      async (_, priorMean) => {
        const backend = trackTensors(cpuBackend());
        const targets = { yTrain, noise, ...(priorMean !== undefined && { priorMean }) };
        using exact = await functionSpacePosterior({ kTrainTrain: kernelQuery.kTrainTrain, ...targets });
        {
          using j = matrixOperator(jTrain, { backend });
          using jStar = matrixOperator(jTest, { backend });
          using posterior = await operatorPosterior({ jTrain: j, priorVariance, ...targets }, makeSolver(), {
            space,
            blockRows: 3,
          });
          for (const query of [{ jTest }, { jTest: jStar }] satisfies OperatorQuery[]) {
            expect(relativeError(await posterior.mean(query), await exact.mean(kernelQuery))).toBeLessThan(1e-11);
            expect(relativeError(await posterior.variance(query), await exact.variance(kernelQuery))).toBeLessThan(
              1e-11,
            );
            const covariance = await posterior.covariance(query);
            expect(relativeError(covariance.data, (await exact.covariance(kernelQuery)).data)).toBeLessThan(1e-11);
          }
          expect(relativeError(posterior.constant, exact.constant) || 0).toBeLessThan(1e-11);
        }
        expect(backend.describeLive()).toEqual([]);
        expect(backend.liveExecutables).toBe(0);
      },
    );
  });

  test.each([0, 1, 2, 4, 8])('covariances after %i steps exceed the exact ones in every direction', async (steps) => {
    using exact = await functionSpacePosterior({ ...kernelQuery, yTrain, noise });
    const expected = await exact.covariance(kernelQuery);
    using j = matrixOperator(jTrain, { backend: cpuBackend() });
    const options: OperatorOptions = { space, throwOnFailure: false, blockRows: 4 };
    using posterior = await operatorPosterior(
      { jTrain: j, priorVariance, yTrain, noise },
      truncatedCg({ steps }),
      options,
    );
    const covariance = await posterior.covariance({ jTest });
    const scale = Math.max(...expected.data);
    const difference = covariance.data.map((value, i) => value - expected.data[i]!);
    expect(Math.min(...eigenvaluesOf(matrix(jTest.rows, jTest.rows, difference)))).toBeGreaterThan(-1e-12 * scale);
    const variance = await posterior.variance({ jTest });
    variance.forEach((value, i) => expect(value).toBeCloseTo(covariance.data[i * jTest.rows + i]!, 12));
  });

  test('a singular precision of blocks, as a Laplace approximation has it', async () => {
    const root = categoricalRoot(14, 2);
    using exact = await conditionKernel({ kTrainTrain: kernelQuery.kTrainTrain, precisionRoot: root });
    using j = matrixOperator(jTrain, { backend: cpuBackend() });
    const precisionRoot = blockPrecisionRoot(root.blocks, 2);
    using found = await conditionOperator({ jTrain: j, priorVariance, precisionRoot }, choleskySolver(), { space });
    const covariance = await found.covariance({ jTest });
    expect(relativeError(covariance.data, (await exact.covariance(kernelQuery)).data)).toBeLessThan(1e-11);
    expect(found.logDeterminant / exact.logDeterminant).toBeCloseTo(1, 11);
  });

  test('float32 products in the solver, float64 in the bound', async () => {
    using exact = await functionSpacePosterior({ ...kernelQuery, yTrain, noise });
    using j = matrixOperator(jTrain, { backend: cpuBackend() });
    using jSolve = matrixOperator(jTrain, { backend: cpuBackend(), dtype: 'float32' });
    const solver = truncatedCg({ steps: 100, rtol: 1e-5 });
    const prior = { jTrain: j, jSolve, priorVariance, yTrain, noise };
    using posterior = await operatorPosterior(prior, solver, { space });
    const variance = await posterior.variance({ jTest });
    const expected = await exact.variance(kernelQuery);
    variance.forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(expected[i]! * (1 - 1e-12));
      expect(value).toBeLessThan(expected[i]! * (1 + 1e-8));
    });
  });
});

describe('what products do not give', () => {
  const make = async (
    options: OperatorOptions = {},
    solver: OperatorSolver = truncatedCg({ steps: 100, rtol: 1e-12 }),
  ) =>
    operatorPosterior(
      { jTrain: matrixOperator(jTrain, { backend: cpuBackend() }), priorVariance, yTrain, noise },
      solver,
      options,
    );

  test('is refused', async () => {
    using posterior = await make();
    expect(() => posterior.logMarginalLikelihood).toThrow(named('UnsupportedError'));
    await expect(posterior.leaveOneOut()).rejects.toEqual(named('UnsupportedError'));
    await expect(posterior.evidenceGradient()).rejects.toEqual(named('UnsupportedError'));
    await expect(posterior.conditioning.root()).rejects.toEqual(named('UnsupportedError'));
    await expect(posterior.leaveOneExampleOut(2)).rejects.toEqual(named('UnsupportedError'));
  });

  test('is computed from estimates, or from what the solver knows', async () => {
    using exact = await functionSpacePosterior({ ...kernelQuery, yTrain, noise });
    const estimates = {
      logDeterminant: exact.conditioning.logDeterminant,
      inverseDiagonal: await exact.conditioning.inverseBlocks(1),
    };
    using posterior = await make({ estimates });
    const near = (found: number, expected: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(1e-11);
    near(posterior.logMarginalLikelihood, exact.logMarginalLikelihood);
    near((await posterior.evidenceGradient()).logNoiseVariance, (await exact.evidenceGradient()).logNoiseVariance);
    const [found, expected] = [await posterior.leaveOneOut(), await exact.leaveOneOut()];
    expect(relativeError(found.mean, expected.mean)).toBeLessThan(1e-11);
    expect(relativeError(found.variance, expected.variance)).toBeLessThan(1e-11);
    using direct = await make({}, choleskySolver());
    near(direct.logMarginalLikelihood, exact.logMarginalLikelihood);
  });

  test('a solve for targets that did not converge is an error that carries it, unless it is asked for', async () => {
    await expect(make({}, truncatedCg({ steps: 1 }))).rejects.toEqual(named('SolveError'));
    const reports: string[] = [];
    using posterior = await make(
      { throwOnFailure: false, onSolve: ({ purpose, status }) => reports.push(`${purpose} ${status}`) },
      truncatedCg({ steps: 1 }),
    );
    await posterior.variance({ jTest });
    expect(reports).toEqual(['fit max-steps', 'variance max-steps']);
  });

  test('bad arguments', async () => {
    await expect(make({ blockRows: 0 })).rejects.toEqual(named('OptionError'));
    using posterior = await make();
    await expect(posterior.variance({ jTest: matrix(2, 3) })).rejects.toEqual(named('ShapeError'));
    await expect(posterior.mean({ jTest: matrix(2, 3) })).rejects.toEqual(named('ShapeError'));
  });
});

describe.each(['sine_mlp', 'mlp2'])('%s by products', (model) => {
  const golden = openGolden(model);
  test.skipIf(golden === undefined).each(['A', 'B'] as const)('golden values, setting %s', async (setting) => {
    const { priorVariance, noiseVariance } = golden!.setting(setting);
    const jStar: Matrix = mlpJacobian(golden!.reference, golden!.matrix('Xstar'));
    using j = matrixOperator(golden!.matrix('J'), { backend: cpuBackend() });
    using posterior = await operatorPosterior(
      { jTrain: j, priorVariance, noise: noiseVariance, yTrain: golden!.vector('Y') },
      choleskySolver(),
    );
    const bounds = BOUNDS[setting];
    const mean = relativeError(await posterior.mean({ jTest: jStar }), golden!.vector(`gp/${setting}/zero/mean`));
    const covariance = relativeError(
      (await posterior.covariance({ jTest: jStar })).data,
      golden!.vector(`gp/${setting}/cov`),
    );
    console.log(
      `${model} by products ${setting}: mean ${mean.toExponential(1)}, covariance ${covariance.toExponential(1)}`,
    );
    expect(mean).toBeLessThan(bounds.mean);
    expect(covariance).toBeLessThan(bounds.covariance);
  });
});
