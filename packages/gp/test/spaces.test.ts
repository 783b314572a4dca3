import {
  blockPrecisionRoot,
  conditionJacobian,
  conditionKernel,
  functionSpacePosterior,
  noisePrecisionRoot,
  parameterSpacePosterior,
} from '@ntk/gp';
import {
  cholesky,
  choleskyInverse,
  choleskyLogDeterminant,
  choleskySolve,
  copyMatrix,
  gemm,
  matrix,
  matrixOperator,
} from '@ntk/linop';
import { cpuBackend } from '@ntk/tensor';
import { relativeError, trackTensors } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { categoricalRoot, kernels, priorMeans, randomProblem, submatrix } from './random-problem.ts';

// Condition numbers here are below 1e4, so that both spaces keep 12 digits.
const CLOSE = 1e-11;

describe.each([
  { n: 7, m: 4, c: 1, p: 5 },
  { n: 5, m: 3, c: 3, p: 40 },
  { n: 30, m: 2, c: 2, p: 6 },
])('function and parameter space agree: %o', (size) => {
  const problem = randomProblem('spaces', size);
  const { kTrainTrain, ...kernelQuery } = kernels(problem);
  const { jTrain, jTest, priorVariance, noise, yTrain } = problem;

  test.each(Object.entries(priorMeans(problem)))('prior mean %s', async (_, priorMean) => {
    const targets = { yTrain, noise, ...(priorMean !== undefined && { priorMean }) };
    using f = await functionSpacePosterior({ kTrainTrain, ...targets });
    using p = await parameterSpacePosterior({ jTrain, priorVariance, ...targets });
    const query = { priorMean: jTest.data.slice(0, jTest.rows) };
    const near = (a: ArrayLike<number>, b: ArrayLike<number>) => expect(relativeError(a, b)).toBeLessThan(CLOSE);
    near(await p.mean({ jTest, ...query }), await f.mean({ ...kernelQuery, ...query }));
    near(await p.variance({ jTest }), await f.variance(kernelQuery));
    near((await p.covariance({ jTest })).data, (await f.covariance(kernelQuery)).data);
    near([p.logMarginalLikelihood], [f.logMarginalLikelihood]);
    near(Object.values(await p.evidenceGradient()), Object.values(await f.evidenceGradient()));
    const [rowsP, rowsF] = [await p.leaveOneOut(), await f.leaveOneOut()];
    near(rowsP.mean, rowsF.mean);
    near(rowsP.variance, rowsF.variance);
    const [examplesP, examplesF] = [await p.leaveOneExampleOut(size.c), await f.leaveOneExampleOut(size.c)];
    near(examplesP.mean.data, examplesF.mean.data);
    near(examplesP.covariance, examplesF.covariance);
    if (priorMean?.kind === 'constant') near(p.constant, f.constant);
    // w = S Jᵀ α
    const w = gemm(matrix(1, yTrain.length, f.coefficients), jTrain).data.map((value, i) => value * priorVariance[i]!);
    near(p.coefficients, w);
  });

  test.each([
    ['diagonal', noisePrecisionRoot(noise, noise.length)],
    ['block', categoricalRoot(size.n, size.c)],
  ])(
    'a kernel that is overwritten gives what a copy of it gives, bit by bit: %s precision',
    async (_, precisionRoot) => {
      const given = copyMatrix(kTrainTrain);
      using copied = await conditionKernel({ kTrainTrain: given, precisionRoot, priorVariance: 0.7 });
      expect(given.data).toEqual(kTrainTrain.data);
      using inPlace = await conditionKernel({ kTrainTrain: given, precisionRoot, priorVariance: 0.7, inPlace: true });
      expect(await inPlace.variance(kernelQuery)).toEqual(await copied.variance(kernelQuery));
      expect(inPlace.logDeterminant).toBe(copied.logDeterminant);
    },
  );

  test.each(Object.entries(priorMeans(problem)))(
    'the Jacobian by its products, prior mean %s',
    async (_, priorMean) => {
      const targets = { yTrain, noise, ...(priorMean !== undefined && { priorMean }) };
      const backend = trackTensors(cpuBackend());
      using held = await parameterSpacePosterior({ jTrain, priorVariance, ...targets });
      {
        using operator = matrixOperator(jTrain, { backend });
        using p = await parameterSpacePosterior({ jTrain: operator, priorVariance, ...targets });
        const near = (a: ArrayLike<number>, b: ArrayLike<number>) => expect(relativeError(a, b)).toBeLessThan(CLOSE);
        near(await p.mean({ jTest }), await held.mean({ jTest }));
        near((await p.covariance({ jTest })).data, (await held.covariance({ jTest })).data);
        near([p.logMarginalLikelihood], [held.logMarginalLikelihood]);
        near(Object.values(await p.evidenceGradient()), Object.values(await held.evidenceGradient()));
        near(p.coefficients, held.coefficients);
        await expect(p.leaveOneOut()).rejects.toThrow('got a Jacobian known by its products');
      }
      expect(backend.describeLive()).toEqual([]);
    },
  );

  test('a frozen parameter gets no weight', async () => {
    using p = await parameterSpacePosterior({ jTrain, priorVariance, yTrain, noise });
    expect(p.coefficients.at(-1)).toBe(0);
  });

  test('a singular curvature: same covariance and log|B|', async () => {
    const precisionRoot = categoricalRoot(size.n, size.c);
    using f = await conditionKernel({ kTrainTrain, precisionRoot });
    using p = await conditionJacobian({ jTrain, priorVariance, precisionRoot });
    expect(relativeError((await p.covariance({ jTest })).data, (await f.covariance(kernelQuery)).data)).toBeLessThan(
      CLOSE,
    );
    expect(Math.abs(p.logDeterminant - f.logDeterminant)).toBeLessThan(CLOSE * size.n);
    expect(Math.abs((await p.traceInverse()) - (await f.traceInverse()))).toBeLessThan(CLOSE * size.n);
  });
});

test('noise that couples the outputs of an example: as the dense algebra says', async () => {
  const c = 2;
  const problem = randomProblem('coupled', { n: 6, m: 3, c, p: 9 });
  const { kTrainTrain, kTestTrain, kTestTest } = kernels(problem);
  // Any root will do: Λ = L Lᵀ with a lopsided L.
  const blocks = Float64Array.from(
    { length: 6 * c * c },
    (_, i) => [1.5, 0.4, -0.7, 2][i % 4]! + 0.05 * Math.floor(i / 4),
  );
  using posterior = await functionSpacePosterior({
    kTrainTrain,
    yTrain: problem.yTrain,
    noise: blockPrecisionRoot(blocks, c),
  });
  const a = matrix(12, 12, kTrainTrain.data.slice());
  for (let example = 0; example < 6; example++) {
    const l = matrix(c, c, blocks.subarray(example * 4, example * 4 + 4));
    const { factor } = cholesky(gemm(l, l, { transposeB: true }));
    const noise = choleskySolve(factor, matrix(c, c, Float64Array.of(1, 0, 0, 1)));
    for (let i = 0; i < c; i++)
      for (let j = 0; j < c; j++) a.data[(example * c + i) * 12 + example * c + j]! += noise.data[i * c + j]!;
  }
  const { factor } = cholesky(a);
  const alpha = choleskySolve(factor, matrix(1, 12, problem.yTrain));
  const mean = gemm(alpha, kTestTrain, { transposeB: true });
  expect(relativeError(await posterior.mean({ kTestTrain }), mean.data)).toBeLessThan(CLOSE);
  const explained = gemm(choleskySolve(factor, kTestTrain), kTestTrain, { transposeB: true });
  const covariance = kTestTest.data.map((value, i) => value - explained.data[i]!);
  expect(relativeError((await posterior.covariance({ kTestTrain, kTestTest })).data, covariance)).toBeLessThan(CLOSE);
  const quadratic = alpha.data.reduce((sum, value, i) => sum + value * problem.yTrain[i]!, 0);
  const evidence = -0.5 * (quadratic + choleskyLogDeterminant(factor) + 12 * Math.log(2 * Math.PI));
  expect(relativeError([posterior.logMarginalLikelihood], [evidence])).toBeLessThan(CLOSE);

  // A⁻¹ itself gives leave-one-out: its diagonal, and its diagonal blocks.
  const precision = choleskyInverse(factor);
  const rows = await posterior.leaveOneOut();
  const variances = Array.from({ length: 12 }, (_, i) => 1 / precision.data[i * 13]!);
  expect(relativeError(rows.variance, variances)).toBeLessThan(CLOSE);
  const means = variances.map((variance, i) => problem.yTrain[i]! - alpha.data[i]! * variance);
  expect(relativeError(rows.mean, means)).toBeLessThan(CLOSE);
  const examples = await posterior.leaveOneExampleOut(c);
  const diagonalBlocks = Array.from({ length: 6 }, (_, i) =>
    submatrix(precision, [2 * i, 2 * i + 1], [2 * i, 2 * i + 1]),
  );
  const inverses = diagonalBlocks.flatMap((block) => [...choleskyInverse(cholesky(block).factor).data]);
  expect(relativeError(examples.covariance, inverses)).toBeLessThan(CLOSE);
});
