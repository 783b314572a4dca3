import { describe, expect, it } from 'vitest';
import { expectAllclose, relativeError } from '@ntk/tensor/testing';

describe('expectAllclose', () => {
  it('accepts what is near enough', () => {
    expectAllclose([1, 2], [1, 2]);
    expectAllclose([1.25, -200], [1, -201], { rtol: 0.25 });
    expectAllclose([0.1], [0], { atol: 0.1 });
    expectAllclose([0.1, 5], [0, 0], { atol: [0.1, 5] });
    expectAllclose([NaN, Infinity, -0], [NaN, Infinity, 0]);
    expectAllclose([], []);
  });

  it.each([
    { actual: [1], expected: [1, 2], options: {}, message: /got 1 elements, expected 2/ },
    {
      actual: [1, 2, 7],
      expected: [1, 3, 3],
      options: { atol: 0.5 },
      message: /2 of 3 elements differ; the worst, at \[2\]: got 7, expected 3/,
    },
    { actual: [1, 2, 3, 5], expected: [1, 2, 3, 4], options: { shape: [2, 2] }, message: /at \[1, 1\] of \[2, 2\]/ },
    { actual: [NaN], expected: [1], options: { atol: Infinity }, message: /got NaN/ },
    { actual: [1], expected: [NaN], options: { atol: Infinity }, message: /expected NaN/ },
    { actual: [-Infinity], expected: [Infinity], options: { rtol: 1 }, message: /got -Infinity/ },
    { actual: [1e308], expected: [Infinity], options: { rtol: 1 }, message: /expected Infinity/ },
  ])('refuses $actual for $expected', ({ actual, expected, options, message }) => {
    expect(() => expectAllclose(actual, expected, options)).toThrow(message);
  });
});

describe('relativeError', () => {
  it('is the Frobenius norm of the difference over that of the expected', () => {
    expect(relativeError([3, 4], [3, 4])).toBe(0);
    expect(relativeError([3, 9], [3, 4])).toBe(1);
    expect(relativeError([3, 4], [0, 0])).toBe(5);
  });

  it('passes no comparison where it makes no sense', () => {
    expect(relativeError([1], [1, 2])).toBeNaN();
    expect(relativeError([NaN], [1])).toBeNaN();
  });
});
