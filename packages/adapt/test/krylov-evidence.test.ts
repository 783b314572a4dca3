import { lanczosReduction, studentQuantile } from '@ntk/cg';
import {
  type KrylovProblem,
  type PriorMean,
  evidenceSurface,
  krylovEvidence,
  krylovLeaveOneOut,
  krylovRun,
  learnHyperparameters,
  spectralLeaveOneOut,
  tridiagonalEvidence,
} from '@ntk/gp';
import { gemm, matrix, matrixOperator, syrk } from '@ntk/linop';
import { randomMatrix } from '@ntk/linop/testing';
import { Rng, cpuBackend } from '@ntk/tensor';
import { trackTensors } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';

const backend = cpuBackend();
const N = 60;
const SEEDS = 100;
/** Fewer hits than this of 100 happen once in 300 times at a true coverage of 95 %. */
const LEAST_HITS = 88;

const rng = new Rng('krylov evidence');
/** Features whose scales fall, as those of networks do. */
const features = randomMatrix(N, 40, rng);
for (let i = 0; i < features.data.length; i++) features.data[i]! *= 0.85 ** (i % 40);
const kernel = syrk(features);
const yTrain = gemm(matrix(1, 40, rng.normals(40)), features, { transposeB: true }).data.map(
  (value) => 2 + value + 0.2 * rng.normal(),
);
const noiseShape = Float64Array.from({ length: N }, () => 0.5 + rng.uniform());
const constant: PriorMean = { kind: 'constant', outputs: 2 };
const VARIANTS: readonly (readonly [name: string, variant: Omit<KrylovProblem, 'kTrainTrain'>])[] = [
  ['a fixed mean', { yTrain }],
  ['a constant mean', { yTrain, priorMean: constant }],
  ['noise that differs', { yTrain, noiseShape }],
  ['both', { yTrain, noiseShape, priorMean: constant }],
];

const operatorOf = (on = backend, dtype: 'float64' | 'float32' = 'float64') =>
  matrixOperator(kernel, { backend: on, dtype, tags: ['symmetric'] });

describe.each(VARIANTS)('the evidence from one Krylov run, %s', (_, variant) => {
  const dense = () => tridiagonalEvidence({ kTrainTrain: kernel, ...variant });

  it('is that of the decomposition where the run spans everything', async () => {
    // Full rank, so that the Krylov space of the residual is everything.
    const full = { ...kernel, data: kernel.data.slice() };
    for (let i = 0; i < N; i++) full.data[i * N + i]! += 0.05 * (1 + i / N);
    using kTrainTrain = matrixOperator(full, { backend, tags: ['symmetric'] });
    const run = await krylovRun({ kTrainTrain, ...variant }, lanczosReduction({ maxSteps: N }), { rng: new Rng(1) });
    const found = krylovEvidence(run);
    const expected = await tridiagonalEvidence({ kTrainTrain: full, ...variant });
    expect(found.freedom).toBe(expected.freedom);
    for (const [s2, sigma2] of [
      [1, 0.04],
      [0.1, 0.001],
      [3, 5],
    ] as const) {
      const [a, b] = [found.estimate(s2, sigma2), expected.at(s2, sigma2)];
      if (variant.priorMean !== undefined) {
        // The probes remain; what comes from the residual is exact.
        const [own, exact] = [found.terms(sigma2 / s2), expected.terms(sigma2 / s2)];
        expect(Math.abs(own.quadratic - exact.quadratic)).toBeLessThan(1e-8 * exact.quadratic);
        expect(Math.abs(own.squared - exact.squared)).toBeLessThan(1e-8 * exact.squared);
        continue;
      }
      expect(Math.abs(a.logMarginalLikelihood - b.logMarginalLikelihood)).toBeLessThan(
        1e-8 * Math.abs(b.logMarginalLikelihood),
      );
      expect(Math.abs(a.gradient.logPriorVariance - b.gradient.logPriorVariance)).toBeLessThan(1e-6 * N);
      expect(Math.abs(a.gradient.logNoiseVariance - b.gradient.logNoiseVariance)).toBeLessThan(1e-6 * N);
      expect(a.standardError).toBe(0);
      expect(a.truncation).toBeLessThan(1e-8 * Math.abs(b.logMarginalLikelihood));
    }
  });

  it('has its own gradient, and intervals that hold the truth', async () => {
    using kTrainTrain = operatorOf();
    const truth = await dense();
    const point = [1, 0.04] as const;
    const expected = truth.at(...point);
    let hits = 0;
    let slopeHits = 0;
    const t = studentQuantile(0.975, 7);
    for (let seed = 0; seed < SEEDS; seed++) {
      const options = { rng: new Rng(seed), probes: 8 };
      const found = krylovEvidence(
        await krylovRun({ kTrainTrain, ...variant }, lanczosReduction({ maxSteps: 25 }), options),
      );
      const estimate = found.estimate(...point);
      const { logMarginalLikelihood, standardError, truncation, gradient, gradientError } = estimate;
      const missing = expected.logMarginalLikelihood - logMarginalLikelihood;
      if (missing >= -t * standardError && missing <= t * standardError + truncation) hits++;
      const slopeError = Math.abs(gradient.logNoiseVariance - expected.gradient.logNoiseVariance);
      if (slopeError <= t * gradientError + truncation) slopeHits++;
      if (seed > 0) continue;
      const step = 1e-5;
      const along = (prior: number, noise: number) =>
        (found.at(point[0] * Math.exp(prior), point[1] * Math.exp(noise)).logMarginalLikelihood -
          found.at(point[0] * Math.exp(-prior), point[1] * Math.exp(-noise)).logMarginalLikelihood) /
        (2 * step);
      expect(Math.abs(along(step, 0) - gradient.logPriorVariance)).toBeLessThan(1e-6 * N);
      expect(Math.abs(along(0, step) - gradient.logNoiseVariance)).toBeLessThan(1e-6 * N);
    }
    expect(hits).toBeGreaterThanOrEqual(LEAST_HITS);
    expect(slopeHits).toBeGreaterThanOrEqual(LEAST_HITS);
  });

  it('is learned from, and tabulated, like that of the decomposition', async () => {
    using kTrainTrain = operatorOf();
    const options = { rng: new Rng(2), probes: 64, vectorsAtOnce: 10 };
    const found = krylovEvidence(
      await krylovRun({ kTrainTrain, ...variant }, lanczosReduction({ maxSteps: 50 }), options),
    );
    const truth = await dense();
    const [a, b] = [await learnHyperparameters(found), await learnHyperparameters(truth)];
    expect(a.onEdge).toBe(b.onEdge);
    // Near the optimum the evidence is flat: what is learned is as good as the optimum to a fraction of a nat.
    const lost = b.logMarginalLikelihood - truth.at(a.priorVariance, a.noiseVariance).logMarginalLikelihood;
    expect(lost).toBeLessThan(0.05);
    const surface = evidenceSurface(found, { ...a, points: 5, decades: 1 });
    expect(Math.max(...surface.logMarginalLikelihood.data)).toBeCloseTo(a.logMarginalLikelihood, 9);
    const { scale } = truth;
    expect(Math.abs(Math.log(found.scale / scale))).toBeLessThan(0.5);
  });

  it('gives leave-one-out, with errors that hold the truth', async () => {
    using kTrainTrain = operatorOf();
    const expected = (await spectralLeaveOneOut({ kTrainTrain: kernel, ...variant })).at(1, 0.5);
    const hits = new Float64Array(N);
    const t = studentQuantile(0.975, 15);
    for (let seed = 0; seed < SEEDS; seed++) {
      const options = { rng: new Rng(seed), keepsBases: true };
      const run = await krylovRun({ kTrainTrain, ...variant }, lanczosReduction({ maxSteps: 42 }), options);
      const { mean, variance, relativeError } = krylovLeaveOneOut(run).at(1, 0.5);
      for (let i = 0; i < N; i++) {
        const [precision, truth] = [1 / variance[i]!, 1 / expected.variance[i]!];
        if (Math.abs(precision - truth) <= t * relativeError[i]! * precision) hits[i]!++;
        // The mean is off by what the precision is off.
        const residual = (yTrain[i]! - mean[i]!) * precision;
        expect(Math.abs(residual - (yTrain[i]! - expected.mean[i]!) * truth)).toBeLessThan(1e-6);
      }
    }
    expect(hits.reduce((sum, count) => sum + count / N, 0)).toBeGreaterThanOrEqual(92);
    expect(Math.min(...hits)).toBeGreaterThanOrEqual(LEAST_HITS - 3);
  });
});

describe('a Krylov run', () => {
  it('brackets what more steps would change, and ends when it is told to', async () => {
    using kTrainTrain = operatorOf();
    const asked: number[] = [];
    const at = async (maxSteps: number) => {
      const run = await krylovRun({ kTrainTrain, yTrain }, lanczosReduction({ maxSteps }), {
        rng: new Rng(3),
        probes: 4,
      });
      return krylovEvidence(run).estimate(1, 0.04);
    };
    const converged = await at(45);
    expect(converged.truncation).toBeLessThan(1e-6);
    for (const steps of [2, 5, 10, 20]) {
      const { logMarginalLikelihood, truncation } = await at(steps);
      const missing = converged.logMarginalLikelihood - logMarginalLikelihood;
      expect(missing).toBeGreaterThan(-1e-6);
      expect(missing).toBeLessThanOrEqual(truncation + 1e-6);
    }
    const run = await krylovRun({ kTrainTrain, yTrain }, lanczosReduction(), {
      rng: new Rng(3),
      vectorsAtOnce: 5,
      isEnough: (so) => {
        asked.push(so.probes.length);
        return krylovEvidence(so).estimate(1, 0.04).truncation < 1;
      },
    });
    expect(new Set(asked)).toEqual(new Set([4]));
    expect(krylovEvidence(run).steps).toBeLessThan(45);
    expect(new Set(run.probes.map(({ space }) => space.tridiagonal.diagonal.length)).size).toBe(1);
    expect(run.probes).toHaveLength(16);
  });

  it('reduces later probes as far as earlier ones where the residual needs fewer steps', async () => {
    // The first row is a kernel of its own, so that targets that are 0 elsewhere are an eigenvector.
    const apart = { ...kernel, data: kernel.data.map((value, i) => (i > 0 && (i < N || i % N === 0) ? 0 : value)) };
    using kTrainTrain = matrixOperator(apart, { backend, tags: ['symmetric'] });
    const first = Float64Array.from({ length: N }, (_, i) => (i === 0 ? 1 : 0));
    const run = await krylovRun({ kTrainTrain, yTrain: first }, lanczosReduction({ maxSteps: 20 }), {
      rng: new Rng(6),
      probes: 8,
      vectorsAtOnce: 3,
    });
    expect(run.residual!.tridiagonal.diagonal).toHaveLength(1);
    expect(run.probes.map(({ space }) => space.tridiagonal.diagonal.length)).toEqual(new Array(8).fill(20));
  });

  it('works with products in float32, leaks nothing, and is the same for the same seed', async () => {
    const tracked = trackTensors(cpuBackend());
    const truth = await tridiagonalEvidence({ kTrainTrain: kernel, yTrain, noiseShape });
    {
      using kTrainTrain = operatorOf(tracked, 'float32');
      const problem = { kTrainTrain, yTrain, noiseShape };
      const evidence = async () => krylovEvidence(await krylovRun(problem, lanczosReduction(), { rng: new Rng(4) }));
      const [found, again] = [await evidence(), await evidence()];
      const { logMarginalLikelihood, standardError, truncation } = found.estimate(1, 0.04);
      const off = Math.abs(logMarginalLikelihood - truth.at(1, 0.04).logMarginalLikelihood);
      expect(off).toBeLessThan(4 * standardError + truncation + 1e-3);
      expect(again.at(1, 0.04)).toEqual(found.at(1, 0.04));
    }
    expect(tracked.describeLive()).toEqual([]);
  });

  it('takes targets that equal their mean, and refuses what makes no sense', async () => {
    using kTrainTrain = operatorOf();
    const flat = { kTrainTrain, yTrain: new Float64Array(N) };
    const found = krylovEvidence(await krylovRun(flat, lanczosReduction(), { rng: new Rng(5) }));
    expect(found.terms(0.1).quadratic).toBe(0);
    await expect(learnHyperparameters(found)).rejects.toThrow(/equal to their prior mean/);
    const reduce = (options: object) => krylovRun(flat, lanczosReduction(), { rng: new Rng(5), ...options });
    await expect(reduce({ probes: 1 })).rejects.toThrow(/1 probes/);
    await expect(reduce({ vectorsAtOnce: 2 })).rejects.toThrow(/2 vectors at once/);
    expect(() => found.at(1, -1)).toThrow(/ratio -1/);
    const run = await krylovRun({ kTrainTrain, yTrain }, lanczosReduction(), { rng: new Rng(5) });
    expect(() => krylovLeaveOneOut(run).at(1, 1)).toThrow(/keepsBases/);
    await expect(
      krylovRun({ kTrainTrain, yTrain: yTrain.slice(1) }, lanczosReduction(), { rng }),
    ).rejects.toMatchObject({
      name: 'ShapeError',
    });
    using zero = matrixOperator(matrix(N, N), { backend, tags: ['symmetric'] });
    const nothing = await krylovRun({ kTrainTrain: zero, yTrain }, lanczosReduction(), { rng: new Rng(5) });
    expect(() => krylovEvidence(nothing)).toThrow(/mean diagonal 0/);
  });
});
