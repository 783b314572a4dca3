import {
  type OutputsPosterior,
  functionSpacePosterior,
  independentPosterior,
  outputKernels,
  sharedPosterior,
  traceKernel,
} from '@ntk/gp';
import { type Matrix, matrix } from '@ntk/linop';
import { relativeError } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { openGolden } from './golden.ts';
import { kernels, priorMeans, randomProblem } from './random-problem.ts';

const c = 3;
const problem = randomProblem('outputs', { n: 9, m: 4, c, p: 20 });
const { yTrain, noise } = problem;
const full = kernels(problem);
const named = (name: string): unknown => expect.objectContaining({ name });
const TOLERANCE = 1e-11;

// A kernel over outputs whose cross-output blocks are zero: the joint posterior is then that of independent outputs.
function embed(blocks: readonly Matrix[]): Matrix {
  const [m, n] = [blocks[0]!.rows, blocks[0]!.columns];
  const joint = matrix(m * c, n * c);
  blocks.forEach((block, a) => {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) joint.data[(i * c + a) * n * c + j * c + a] = block.data[i * n + j]!;
    }
  });
  return joint;
}

const LAYOUTS: Record<string, (kernel: Matrix) => Matrix[]> = {
  independent: (kernel) => outputKernels(kernel, c),
  shared: (kernel) => new Array<Matrix>(c).fill(traceKernel(kernel, c)),
};
const NOISES: Record<string, number | Float64Array> = {
  'one noise': 0.3,
  'noise an output': Float64Array.of(0.1, 0.3, 0.7),
  'noise a row': noise,
};
const cases = Object.keys(LAYOUTS).flatMap((layout) =>
  Object.keys(NOISES).flatMap((noiseName) =>
    Object.keys(priorMeans(problem)).map((mean) => [layout, noiseName, mean] as const),
  ),
);

test.each(cases)('%s outputs, %s, prior mean %s: equals the joint posterior of embedded kernels', async (...names) => {
  const [layout, noiseName, meanName] = names;
  const blocksOf = LAYOUTS[layout]!;
  const noiseVariance = NOISES[noiseName]!;
  const priorMean = priorMeans(problem)[meanName];
  const targets = { yTrain, ...(priorMean !== undefined && { priorMean }) };
  const testMean = meanName === 'fixed' ? full.kTestTest.data.slice(0, 4 * c) : undefined;
  const joint = {
    kTestTrain: embed(blocksOf(full.kTestTrain)),
    kTestTest: embed(blocksOf(full.kTestTest)),
    ...(testMean && { priorMean: testMean }),
  };
  const rowNoise = yTrain.map((_, i) =>
    typeof noiseVariance === 'number' ? noiseVariance : noiseVariance[i % noiseVariance.length]!,
  );
  using expected = await functionSpacePosterior({
    kTrainTrain: embed(blocksOf(full.kTrainTrain)),
    priorVariance: 1.7,
    noise: rowNoise,
    ...targets,
  });
  const blocks = {
    train: blocksOf(full.kTrainTrain),
    cross: blocksOf(full.kTestTrain),
    test: blocksOf(full.kTestTest),
  };
  const common = { priorVariance: 1.7, noiseVariance, ...targets };
  const meanOf = (a: number) => testMean && { priorMean: testMean.filter((_, i) => i % c === a) };
  if (layout === 'shared') {
    using posterior = await sharedPosterior({ ...common, kTrainTrain: blocks.train[0]!, outputs: c });
    const query = {
      kTestTrain: blocks.cross[0]!,
      kTestTest: blocks.test[0]!,
      ...(testMean && { priorMean: testMean }),
    };
    await compare(posterior, query);
  } else {
    using posterior = await independentPosterior({ ...common, kernels: blocks.train });
    const outputs = blocks.cross.map((kTestTrain, a) => ({ kTestTrain, kTestTest: blocks.test[a]!, ...meanOf(a) }));
    await compare(posterior, { outputs });
  }

  async function compare<Query>(posterior: OutputsPosterior<Query>, query: Query): Promise<void> {
    expect(relativeError(await posterior.mean(query), await expected.mean(joint))).toBeLessThan(TOLERANCE);
    expect(relativeError(await posterior.variance(query), await expected.variance(joint))).toBeLessThan(TOLERANCE);
    const covariance = embed(await posterior.covariances(query));
    expect(relativeError(covariance.data, (await expected.covariance(joint)).data)).toBeLessThan(TOLERANCE);
    expect(Math.abs(posterior.logMarginalLikelihood / expected.logMarginalLikelihood - 1)).toBeLessThan(TOLERANCE);
    const [found, gradient] = [await posterior.evidenceGradient(), await expected.evidenceGradient()];
    const sum = found.logNoiseVariances.reduce((total, value) => total + value, 0);
    expect(
      relativeError([found.logPriorVariance, sum], [gradient.logPriorVariance, gradient.logNoiseVariance]),
    ).toBeLessThan(TOLERANCE);
    const [left, leftExpected] = [await posterior.leaveOneOut(), await expected.leaveOneOut()];
    expect(relativeError(left.mean, leftExpected.mean)).toBeLessThan(TOLERANCE);
    expect(relativeError(left.variance, leftExpected.variance)).toBeLessThan(TOLERANCE);
    expect(relativeError(posterior.constant, expected.constant) || 0).toBeLessThan(TOLERANCE);
    expect(posterior.coefficients).toMatchObject({ rows: c, columns: 9 });
  }
});

describe.each(['small_resnet', 'mnist_cnn'])('%s, Dirichlet targets', (model) => {
  const golden = openGolden(model);
  test.skipIf(golden === undefined).each([0, 1])('golden values of both layouts, prior variance %i', async (index) => {
    const { outputs } = golden!;
    const priorVariance = golden!.reference.number('dirichlet', 's2', String(index));
    const common = {
      priorVariance,
      noiseVariance: golden!.vector('dirichlet/noise'),
      yTrain: golden!.vector('dirichlet/target'),
    };
    const [train, cross, star] = ['ntk', 'ntk_cross', 'ntk_star'].map((key) => golden!.matrix(key));
    using own = await independentPosterior({ ...common, kernels: outputKernels(train!, outputs) });
    const tests = outputKernels(star!, outputs);
    const query = outputKernels(cross!, outputs).map((kTestTrain, a) => ({ kTestTrain, kTestTest: tests[a]! }));
    using shared = await sharedPosterior({ ...common, kTrainTrain: traceKernel(train!, outputs), outputs });
    const sharedQuery = { kTestTrain: traceKernel(cross!, outputs), kTestTest: traceKernel(star!, outputs) };
    const found = {
      own: { mean: await own.mean({ outputs: query }), var: await own.variance({ outputs: query }) },
      shared: { mean: await shared.mean(sharedQuery), var: await shared.variance(sharedQuery) },
    };
    const errors: string[] = [];
    for (const [layout, values] of Object.entries(found)) {
      for (const [key, value] of Object.entries(values)) {
        const error = relativeError(value, golden!.vector(`dirichlet/s2_${index}/${layout}/${key}`));
        errors.push(`${layout} ${key} ${error.toExponential(1)}`);
        expect(error).toBeLessThan(1e-8);
      }
    }
    console.log(`${model}, Dirichlet, s² ${priorVariance}: ${errors.join(', ')}`);
  });
});

test('bad arguments', async () => {
  const blocks = outputKernels(full.kTrainTrain, c);
  const common = { yTrain, noiseVariance: 1 };
  await expect(independentPosterior({ ...common, kernels: [] })).rejects.toEqual(named('OptionError'));
  await expect(independentPosterior({ ...common, kernels: blocks.slice(1) })).rejects.toEqual(named('ShapeError'));
  const fewer = { kernels: blocks, yTrain, noiseVariance: Float64Array.of(1, 1) };
  await expect(independentPosterior(fewer)).rejects.toEqual(named('ShapeError'));
  await expect(
    independentPosterior({ ...common, kernels: blocks, priorMean: { kind: 'constant', outputs: 2 } }),
  ).rejects.toEqual(named('ShapeError'));
  using posterior = await independentPosterior({ ...common, kernels: blocks });
  await expect(posterior.mean({ outputs: [] })).rejects.toEqual(named('OptionError'));
  await expect(sharedPosterior({ ...common, kTrainTrain: blocks[0]!, outputs: 4 })).rejects.toEqual(
    named('ShapeError'),
  );
  expect(() => outputKernels(full.kTrainTrain, 4)).toThrow(named('ShapeError'));
  expect(() => traceKernel(full.kTrainTrain, 4)).toThrow(named('ShapeError'));
});
