import {
  bernoulliLikelihood,
  categoricalLikelihood,
  gaussianLikelihood,
  poissonLikelihood,
  type Likelihood,
} from '@ntk/jacobian';
import { Rng } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, test } from 'vitest';

const C = 3;
const ROWS = 4 * C;
const rng = new Rng('likelihoods');
const oneHot = Float64Array.from({ length: ROWS }, (_, i) => (i % C === Math.floor(i / C) % C ? 1 : 0));
const cases: [Likelihood, Float64Array][] = [
  [gaussianLikelihood(0.3), rng.normals(ROWS)],
  [gaussianLikelihood(rng.normals(ROWS).map((value) => 0.1 + value * value)), rng.normals(ROWS)],
  [bernoulliLikelihood(), oneHot],
  [categoricalLikelihood(C), oneHot],
  [poissonLikelihood(), Float64Array.from({ length: ROWS }, () => rng.integer(5))],
];

describe.each(cases)('$name', (likelihood, y) => {
  const eta = rng.normals(ROWS);
  const h = 1e-6;

  test('the gradient is the difference of the value, the curvature that of the gradient', () => {
    const v = rng.normals(ROWS);
    const move = (step: number): Float64Array => eta.map((value, i) => value + step * v[i]!);
    const slope = (likelihood.value(move(h), y) - likelihood.value(move(-h), y)) / (2 * h);
    const gradient = likelihood.gradient(eta, y);
    expect(gradient.reduce((sum, value, i) => sum + value * v[i]!, 0)).toBeCloseTo(slope, 6);
    const [up, down] = [likelihood.gradient(move(h), y), likelihood.gradient(move(-h), y)];
    expectAllclose(
      likelihood.curvature(eta, v),
      up.map((value, i) => (value - down[i]!) / (2 * h)),
      { atol: 1e-6 },
    );
  });

  test('the gradient vanishes at the expected targets', () => {
    expectAllclose(likelihood.gradient(eta, likelihood.mean(eta)), new Float64Array(ROWS), { atol: 1e-14 });
  });

  test('the curvature is symmetric, never negative, and takes blocks of right-hand sides', () => {
    const [u, v] = [rng.normals(ROWS), rng.normals(ROWS)];
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    const lu = likelihood.curvature(eta, u);
    const lv = likelihood.curvature(eta, v);
    expect(dot(u, lv)).toBeCloseTo(dot(lu, v), 12);
    expect(dot(u, lu)).toBeGreaterThanOrEqual(0);
    expect(likelihood.curvature(eta, Float64Array.of(...u, ...v))).toEqual(Float64Array.of(...lu, ...lv));
  });
});

test('large logits neither overflow nor lose the answer', () => {
  const eta = Float64Array.of(1e4, -1e4, 0);
  expect(categoricalLikelihood(3).value(eta, Float64Array.of(1, 0, 0))).toBeCloseTo(0, 12);
  expect(bernoulliLikelihood().value(Float64Array.of(1e4, -1e4), Float64Array.of(1, 0))).toBeCloseTo(0, 12);
  expect(categoricalLikelihood(3).curvature(eta, Float64Array.of(5, 5, 5))).toEqual(new Float64Array(3));
});

test('one class, and logits that are no whole examples, are refused', () => {
  expect(() => categoricalLikelihood(1)).toThrow(/at least 2/);
  expect(() => categoricalLikelihood(3).gradient(new Float64Array(4), new Float64Array(4))).toThrow(/multiple of 3/);
  expect(() => gaussianLikelihood(0)).toThrow(/positive/);
});
