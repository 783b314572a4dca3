import { rbfGp } from '@ntk/bench';
import { functionSpacePosterior } from '@ntk/gp';
import { cholesky, matrix, type Matrix } from '@ntk/linop';
import { Rng } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';
import { hyperparametersOf, rbfEvidence } from '../src/baselines/rbf-evidence.ts';
import { rbfKernel, type RbfHyperparameters } from '../src/baselines/rbf-kernel.ts';
import { dot, solveDirectly } from './linear-algebra.ts';

/** Targets drawn from the process itself: constant + Cholesky factor times normals. */
function sample(x: Matrix, truth: RbfHyperparameters, rng: Rng, constant: number): Float64Array {
  const k = rbfKernel(x, x, truth);
  for (let i = 0; i < x.rows; i++) k.data[i * x.rows + i]! += truth.noiseVariance;
  const { factor } = cholesky(k);
  const normals = rng.normals(x.rows);
  return normals.map(
    (_, i) =>
      constant + factor.data.subarray(i * x.rows, i * x.rows + i + 1).reduce((sum, l, j) => sum + l * normals[j]!, 0),
  );
}

const rng = new Rng(11);
const truth = { lengthScales: Float64Array.of(0.8, 3), signalVariance: 4, noiseVariance: 0.09 };
const n = 150;
const x = matrix(
  n,
  2,
  Float64Array.from({ length: 2 * n }, () => 6 * rng.uniform()),
);
const y = sample(x, truth, rng, 20);

describe('the evidence', () => {
  const theta = Float64Array.of(-0.3, 0.9, 0.4, -1.7);
  const few = matrix(30, 2, x.data.slice(0, 60));
  const targets = y.slice(0, 30).map((value) => value - 19);

  test('is that of the GP package', async () => {
    const hyperparameters = hyperparametersOf(theta);
    using posterior = await functionSpacePosterior({
      kTrainTrain: rbfKernel(few, few, hyperparameters),
      yTrain: targets,
      noise: hyperparameters.noiseVariance,
      priorMean: { kind: 'constant', outputs: 1 },
    });
    expect(-rbfEvidence(few, targets, theta).value).toBeCloseTo(posterior.logMarginalLikelihood, 9);
  });

  test('has the gradient of its central differences', () => {
    const h = 1e-5;
    const expected = theta.map((value, i) => {
      const at = (shifted: number): number => rbfEvidence(few, targets, theta.with(i, shifted)).value;
      return (at(value + h) - at(value - h)) / (2 * h);
    });
    // Truncation and rounding (ε · 100 / h) are both near 1e-9.
    expectAllclose(rbfEvidence(few, targets, theta).gradient, expected, { atol: 3e-8 });
  });

  test('is infinitely bad where the kernel matrix is singular or overflows', () => {
    expect(rbfEvidence(few, targets, Float64Array.of(0, 0, 800, 0)).value).toBe(Infinity);
    expect(rbfEvidence(few, targets, Float64Array.of(9, 9, 30, -30)).value).toBe(Infinity);
  });
});

describe('rbfGp', () => {
  const data = { n, x: x.data, y };

  test('recovers the hyperparameters of a sampled function', async () => {
    using gp = await rbfGp({ rng: new Rng(1), starts: 3 }).fit(data);
    const learned = gp.learned[0]! as {
      lengthScales: number[];
      signalVariance: number;
      noiseVariance: number;
      constantMean: number;
      logEvidence: number;
    };
    const scale = (value: number, expected: number): number => Math.abs(Math.log(value / expected));
    // Noise: 150 rows less a few dozen that the function takes. Lengths: some ten of them across the square. Signal and constant: few independent regions.
    expect(scale(learned.noiseVariance, truth.noiseVariance)).toBeLessThan(0.4);
    truth.lengthScales.forEach((length, l) => expect(scale(learned.lengthScales[l]!, length)).toBeLessThan(0.35));
    expect(scale(learned.signalVariance, truth.signalVariance)).toBeLessThan(1);
    expect(Math.abs(learned.constantMean - 20)).toBeLessThan(3);
    const atTruth = Float64Array.of(
      ...truth.lengthScales.map(Math.log),
      Math.log(truth.signalVariance),
      Math.log(truth.noiseVariance - 1e-6),
    );
    expect(learned.logEvidence).toBeGreaterThan(-rbfEvidence(x, y, atTruth).value);
  });

  test('predicts by the formula', async () => {
    const few = { n: 25, x: x.data.slice(0, 50), y: y.slice(0, 25) };
    using gp = await rbfGp({ rng: new Rng(1), starts: 1 }).fit(few);
    const test = Float64Array.of(1, 1, 5, 2, 30, -4);
    const { mean, variance } = await gp.predict(test);
    const { lengthScales, signalVariance, noiseVariance } = gp.learned[0]! as {
      lengthScales: number[];
      signalVariance: number;
      noiseVariance: number;
    };
    const kernel = (a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number =>
      signalVariance *
      Math.exp(-lengthScales.reduce((sum, length, l) => sum + ((a[2 * i + l]! - b[2 * j + l]!) / length) ** 2, 0) / 2);
    const rows = Array.from({ length: 25 }, (_, i) => i);
    const a = rows.map((i) => rows.map((j) => kernel(few.x, i, few.x, j) + (i === j ? noiseVariance : 0)));
    const ones = rows.map(() => 1);
    const cross = [0, 1, 2].map((i) => rows.map((j) => kernel(test, i, few.x, j)));
    const [u, ay, ...solved] = solveDirectly(a, [ones, Array.from(few.y), ...cross]);
    const total = dot(u!, ones);
    const beta = dot(ay!, ones) / total;
    const expectedMean = cross.map((k) => beta + dot(k, ay!) - beta * dot(k, u!));
    const expectedVariance = cross.map(
      (k, i) => signalVariance - dot(k, solved[i]!) + (1 - dot(k, u!)) ** 2 / total + noiseVariance,
    );
    expectAllclose(mean, expectedMean, { rtol: 1e-9 });
    expectAllclose(variance, expectedVariance, { rtol: 1e-9, atol: 1e-9 });
  });

  test('does not depend on the units, and fits each output on its own', async () => {
    const few = { n: 20, x: x.data.slice(0, 40), y: y.slice(0, 20) };
    const options = { starts: 1 };
    using plain = await rbfGp({ rng: new Rng(2), ...options }).fit(few);
    const both = Float64Array.from({ length: 40 }, (_, i) =>
      i % 2 === 0 ? few.y[i / 2]! : 1000 - 50 * few.y[(i - 1) / 2]!,
    );
    using pair = await rbfGp({ rng: new Rng(2), ...options }).fit({
      n: 20,
      x: few.x.map((value, i) => (i % 2 === 0 ? 7 * value - 3 : value)),
      y: both,
    });
    const expected = await plain.predict(Float64Array.of(2, 3));
    const actual = await pair.predict(Float64Array.of(11, 3));
    expectAllclose(actual.mean, [expected.mean[0]!, 1000 - 50 * expected.mean[0]!], { rtol: 1e-6 });
    expectAllclose(actual.variance, [expected.variance[0]!, 2500 * expected.variance[0]!], { rtol: 1e-4 });
  });

  test('is deterministic, and lives with a constant input and repeated rows', async () => {
    const few = {
      n: 12,
      x: Float64Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? Math.floor(i / 4) : 5)),
      y: y.slice(0, 12),
    };
    using first = await rbfGp({ rng: new Rng(3) }).fit(few);
    using second = await rbfGp({ rng: new Rng(3) }).fit(few);
    const prediction = await first.predict(Float64Array.of(1, 5));
    expect(prediction).toEqual(await second.predict(Float64Array.of(1, 5)));
    expect(Number.isFinite(prediction.mean[0]) && prediction.variance[0]! > 0).toBe(true);
  });

  test('refuses what cannot be fitted', async () => {
    await expect(rbfGp({ rng }).fit({ n: 2, x: x.data.slice(0, 4), y: y.slice(0, 2) })).rejects.toThrow(
      /2 examples, expected at least 3/,
    );
    await expect(rbfGp({ rng }).fit({ n: 7, x: x.data, y })).rejects.toThrow(/7 examples/);
    expect(() => rbfGp({ rng, starts: 0 })).toThrow(/starts 0/);
  });
});
