import {
  type EvidenceProblem,
  type LearnOptions,
  functionSpacePosterior,
  learnHyperparameters,
  tridiagonalEvidence,
} from '@ntk/gp';
import { type Matrix, gemm, matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';
import { type Golden, SETTINGS, openGolden, worstRelativeError } from './golden.ts';
import { kernels, randomProblem } from './random-problem.ts';

for (const model of ['sine_mlp', 'mlp2', 'small_resnet', 'mnist_cnn']) {
  const golden = openGolden(model);
  describe.skipIf(golden === undefined)(`${model}: evidence of all variances`, () => goldenEvidence(golden!));
}

function goldenEvidence(golden: Golden): void {
  const problem = (mean: string): EvidenceProblem => ({
    kTrainTrain: golden.matrix('ntk'),
    yTrain: golden.vector('Y'),
    ...(mean === 'network' && { priorMean: { kind: 'fixed', values: golden.vector('f') } }),
  });

  test.each(['zero', 'network'])('the surface, prior mean %s', async (mean) => {
    const evidence = await tridiagonalEvidence(problem(mean));
    const s2 = golden.vector('grid/s2');
    const sigma2 = golden.vector('grid/sigma2');
    const surface = Array.from(s2, (s) => Array.from(sigma2, (n) => evidence.at(s, n).logMarginalLikelihood)).flat();
    // Rounding grows with the condition number of A, up to 1e11 in the corner.
    const largestEigenvalue =
      golden.reference.number('gp', 'settings', 'A', 'spectrum', 'K_eig_max') / golden.setting('A').priorVariance;
    const worst = surface.map((value, i) => {
      const condition = 1 + (s2[Math.floor(i / sigma2.length)]! * largestEigenvalue) / sigma2[i % sigma2.length]!;
      const expected = golden.vector(`grid/${mean}/lml`)[i]!;
      return Math.abs(value / expected - 1) / (1e-12 + Number.EPSILON * condition);
    });
    expect(Math.max(...worst)).toBeLessThan(10);
    const best = surface.indexOf(Math.max(...surface));
    const [i, j] = golden.reference.numbers('gp', 'grid', mean, 'argmax_index');
    expect(best).toBe(i! * sigma2.length + j!);
  });

  test.each(SETTINGS)('one noise variance a row, setting %s', async (setting) => {
    const noiseShape = golden.vector(`gp/${setting}/hetero/noise`);
    const { priorVariance } = golden.setting(setting);
    for (const mean of ['zero', 'network']) {
      const evidence = await tridiagonalEvidence({ ...problem(mean), noiseShape });
      const expected = golden.reference.number('gp', 'settings', setting, 'hetero_log_marginal_likelihood', mean);
      const found = evidence.at(priorVariance, 1).logMarginalLikelihood;
      expect(worstRelativeError([found], [expected])).toBeLessThan(setting === 'A' ? 1e-9 : 1e-6);
    }
  });

  test.each(['zero', 'network'])('the maximum, prior mean %s', async (mean) => {
    const learned = await learnHyperparameters(await tridiagonalEvidence(problem(mean)));
    const optimum = (name: string) => golden.reference.number('gp', 'grid', mean, 'continuous_optimum', name);
    const { priorVariance, noiseVariance, logMarginalLikelihood } = learned;
    if (golden.reference.model === 'mnist_cnn' && mean === 'zero') {
      // More parameters than rows and no noise in sight: the evidence grows as the noise vanishes, and the reference has no maximum.
      expect(learned.onEdge).toBe('lower');
      return;
    }
    const errors = worstRelativeError([priorVariance, noiseVariance], [optimum('s2'), optimum('sigma2')]);
    expect(learned.onEdge).toBeUndefined();
    expect(learned.gradientNorm).toBeLessThan(1e-9);
    expect(errors).toBeLessThan(1e-6);
    expect(logMarginalLikelihood).toBeGreaterThan(optimum('lml') - 1e-9);
    using posterior = await functionSpacePosterior({ ...problem(mean), priorVariance, noise: noiseVariance });
    expect(worstRelativeError([posterior.logMarginalLikelihood], [logMarginalLikelihood])).toBeLessThan(1e-9);
  });
}

const SIZE = { n: 60, m: 1, c: 2, p: 20 };

async function learn(problem: EvidenceProblem, options: LearnOptions = {}) {
  const evidence = await tridiagonalEvidence(problem);
  return { evidence, learned: await learnHyperparameters(evidence, options) };
}

function diagonalKernel(eigenvalues: readonly number[]): Matrix {
  const k = matrix(eigenvalues.length, eigenvalues.length);
  eigenvalues.forEach((value, i) => (k.data[i * eigenvalues.length + i] = value));
  return k;
}

describe('what is given stays, what is learned is stationary and no neighbour is better', () => {
  const { yTrain, noise: noiseShape, ...rest } = randomProblem('learn', SIZE);
  const { kTrainTrain } = kernels({ yTrain, noise: noiseShape, ...rest });
  const problem = { kTrainTrain, yTrain, noiseShape, priorMean: { kind: 'constant', outputs: 2 } } as const;

  test.each<LearnOptions>([
    {},
    { priorVariance: 0.01 },
    { noiseVariance: 2 },
    { priorVariance: 0.5, noiseVariance: 3 },
  ])('given %o', async (given) => {
    const { evidence, learned } = await learn(problem, given);
    const { priorVariance, noiseVariance, logMarginalLikelihood } = learned;
    if (given.priorVariance !== undefined) expect(priorVariance).toBe(given.priorVariance);
    if (given.noiseVariance !== undefined) expect(noiseVariance).toBe(given.noiseVariance);
    expect(learned.onEdge).toBeUndefined();
    expect(learned.gradientNorm).toBeLessThan(1e-8);
    for (const factor of [0.9, 1.1]) {
      const s2 = priorVariance * (given.priorVariance === undefined ? factor : 1);
      const sigma2 = noiseVariance * (given.noiseVariance === undefined ? factor : 1);
      expect(evidence.at(s2, noiseVariance).logMarginalLikelihood).toBeLessThanOrEqual(logMarginalLikelihood);
      expect(evidence.at(priorVariance, sigma2).logMarginalLikelihood).toBeLessThanOrEqual(logMarginalLikelihood);
    }
    using posterior = await functionSpacePosterior({
      ...problem,
      priorVariance,
      noise: noiseShape.map((value) => value * noiseVariance),
    });
    expect(worstRelativeError([posterior.logMarginalLikelihood], [logMarginalLikelihood])).toBeLessThan(1e-11);
    const gradient = await posterior.evidenceGradient();
    expect(Math.abs(gradient.logPriorVariance - learned.gradient.logPriorVariance)).toBeLessThan(1e-8);
    expect(Math.abs(gradient.logNoiseVariance - learned.gradient.logNoiseVariance)).toBeLessThan(1e-8);
  });

  test('the profile holds the surface along the best variances', async () => {
    const { evidence, learned } = await learn(problem);
    const { ratio, priorVariance, noiseVariance, logMarginalLikelihood } = learned.profile;
    expect(ratio.length).toBe(16 * 8 + 1);
    expect(ratio[0]! / evidence.scale).toBeCloseTo(1e-10, 20);
    expect(ratio.at(-1)! / evidence.scale).toBeCloseTo(1e6, 3);
    for (const i of [0, 40, 80, 128]) {
      const { logMarginalLikelihood: at } = evidence.at(priorVariance[i]!, noiseVariance[i]!);
      expect(worstRelativeError([logMarginalLikelihood[i]!], [at])).toBeLessThan(1e-12);
      expect(logMarginalLikelihood[i]!).toBeLessThanOrEqual(learned.logMarginalLikelihood);
    }
  });
});

test('data drawn from the model give its variances back', async () => {
  const [n, p, s2, sigma2] = [400, 30, 4, 0.5];
  const rng = new Rng('recover');
  const j = matrix(n, p, rng.normals(n * p));
  const f = gemm(
    matrix(
      1,
      p,
      rng.normals(p).map((w) => w * Math.sqrt(s2)),
    ),
    j,
    { transposeB: true },
  );
  const yTrain = f.data.map((value) => value + Math.sqrt(sigma2) * rng.normal());
  const { learned } = await learn({ kTrainTrain: gemm(j, j, { transposeB: true }), yTrain });
  expect(learned.noiseVariance / sigma2).toBeCloseTo(1, 0);
  expect(Math.abs(Math.log(learned.priorVariance / s2))).toBeLessThan(1);
  expect(learned.maxima).toBe(1);
});

test('of several maxima the best is taken', async () => {
  const problem = {
    kTrainTrain: diagonalKernel([0.1, 0.01, 1e-4, 10, 1]),
    yTrain: Float64Array.of(0.1, 1, 0.1, 10, 0.01),
  };
  const { learned } = await learn(problem);
  expect(learned.maxima).toBe(2);
  expect(learned.onEdge).toBeUndefined();
  const scan = await learn(problem, { pointsPerDecade: 500 });
  expect(learned.logMarginalLikelihood).toBeGreaterThanOrEqual(Math.max(...scan.learned.profile.logMarginalLikelihood));
});

test('data that do not determine the ratio are reported by the edge', async () => {
  const rng = new Rng('edge');
  const kTrainTrain = diagonalKernel([...new Array<number>(5).fill(1), ...new Array<number>(25).fill(0)]);
  const onlyNoise = Float64Array.from({ length: 30 }, (_, i) => (i < 5 ? 0.1 : 1) * rng.normal());
  expect((await learn({ kTrainTrain, yTrain: onlyNoise })).learned.onEdge).toBe('upper');
  const noNoise = Float64Array.from({ length: 30 }, (_, i) => (i < 5 ? rng.normal() : 0));
  expect((await learn({ kTrainTrain, yTrain: noNoise })).learned.onEdge).toBe('lower');
});

describe('refused, with a typed error', () => {
  const kTrainTrain = diagonalKernel([1, 2, 3]);
  const yTrain = Float64Array.of(1, 2, 4);
  const constant = { kind: 'constant', outputs: 1 } as const;
  const cases: [string, EvidenceProblem, LearnOptions, string][] = [
    [
      'targets equal to a fixed mean',
      { kTrainTrain, yTrain, priorMean: { kind: 'fixed', values: yTrain } },
      {},
      'OptionError',
    ],
    [
      'targets that do not vary',
      { kTrainTrain, yTrain: yTrain.map(() => 0.1), priorMean: constant },
      {},
      'OptionError',
    ],
    ['too few rows', { kTrainTrain: diagonalKernel([1]), yTrain: Float64Array.of(1) }, {}, 'OptionError'],
    ['a zero kernel', { kTrainTrain: matrix(3, 3), yTrain }, {}, 'OptionError'],
    ['a NaN target', { kTrainTrain, yTrain: Float64Array.of(1, NaN, 4) }, {}, 'NumericalError'],
    ['a NaN kernel', { kTrainTrain: diagonalKernel([1, NaN, 1]), yTrain }, {}, 'NumericalError'],
    ['a noise shape of 0', { kTrainTrain, yTrain, noiseShape: Float64Array.of(1, 0, 1) }, {}, 'OptionError'],
    ['a missing target', { kTrainTrain, yTrain: Float64Array.of(1, 2) }, {}, 'ShapeError'],
    ['a negative noise', { kTrainTrain, yTrain }, { noiseVariance: -1 }, 'OptionError'],
    ['a prior variance of 0', { kTrainTrain, yTrain }, { priorVariance: 0 }, 'OptionError'],
    ['bounds upside down', { kTrainTrain, yTrain }, { bounds: [1, 0.1] }, 'OptionError'],
  ];
  test.each(cases)('%s', async (_, problem, options, name) => {
    await expect(learn(problem, options)).rejects.toThrow(expect.objectContaining({ name }));
  });
});

test.each([
  ['targets of 1e200', 1e200, {}],
  ['a noise variance of 1e-320', 1, { noiseVariance: 1e-320 }],
] as const)('%s: a typed error, not a crash', async (_, scale, given) => {
  const n = 6;
  const kTrainTrain = matrix(
    n,
    n,
    Float64Array.from({ length: n * n }, (_value, i) => (i % (n + 1) === 0 ? 2 : 1)),
  );
  const yTrain = Float64Array.from({ length: n }, (_value, i) => scale * Math.sin(i));
  const learned = async () => learnHyperparameters(await tridiagonalEvidence({ kTrainTrain, yTrain }), given);
  await expect(learned()).rejects.toMatchObject({ name: 'NumericalError' });
});
