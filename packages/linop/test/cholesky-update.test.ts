import {
  type Matrix,
  NumericalError,
  cholesky,
  choleskyDowndate,
  choleskyRemove,
  choleskyUpdate,
  identityMatrix,
  matrix,
  syrk,
} from '@ntk/linop';
import { frobeniusNorm, geometricSpectrum, matrixWithSpectrum, randomMatrix } from '@ntk/linop/testing';
import { OptionError, Rng, ShapeError } from '@ntk/tensor';
import { describe, expect, it, test } from 'vitest';
import { U, distance, lowerOf } from './matrices.ts';

const without = (a: Matrix, start: number, count: number): Matrix => {
  const kept = [...Array(a.rows).keys()].filter((i) => i < start || i >= start + count);
  return matrix(
    kept.length,
    kept.length,
    Float64Array.from(kept.flatMap((i) => kept.map((j) => a.data[i * a.columns + j]!))),
  );
};

describe.each([1, 1e4, 1e8])('condition %d', (condition) => {
  test.each([
    [1, 1],
    [7, 3],
    [40, 0],
    [40, 1],
    [65, 70],
  ])('size %i, %i vectors: updates and downdates are factors of the sum and the difference', (n, k) => {
    const a = matrixWithSpectrum(geometricSpectrum(n, condition), new Rng(n));
    const x = randomMatrix(k, n, new Rng(k));
    const sum = syrk(x, { transposeA: true, addTo: matrix(n, n, a.data.slice()) });
    const updated = choleskyUpdate(cholesky(a).factor, x);
    const bound = 10 * (n + k) * U * frobeniusNorm(updated) ** 2;
    expect(lowerOf(updated).data).toEqual(updated.data);
    expect(distance(syrk(updated), sum)).toBeLessThanOrEqual(bound);
    const back = choleskyDowndate(updated, x);
    if (back.status !== 'converged') throw new Error(back.message);
    expect(distance(syrk(back.factor), a)).toBeLessThanOrEqual(bound);
  });

  test.each([
    [1, 0, 1],
    [30, 0, 4],
    [30, 11, 1],
    [30, 26, 4],
    [30, 5, 0],
  ])('size %i: rows from %i on, %i of them, are removed', (n, start, count) => {
    const a = matrixWithSpectrum(geometricSpectrum(n, condition), new Rng(n));
    const found = choleskyRemove(cholesky(a).factor, start, count);
    expect(lowerOf(found).data).toEqual(found.data);
    expect(distance(syrk(found), without(a, start, count))).toBeLessThanOrEqual(10 * n * U * frobeniusNorm(a));
  });
});

describe('choleskyDowndate', () => {
  it('returns as data that nothing positive definite is left', () => {
    const x = matrix(1, 3, Float64Array.of(0, 1, 0));
    expect(choleskyDowndate(identityMatrix(3), x)).toMatchObject({ status: 'breakdown', pivot: 1 });
    const larger = matrix(2, 3, Float64Array.of(0.9, 0, 0, 0.9, 0, 0));
    expect(choleskyDowndate(identityMatrix(3), larger)).toMatchObject({ status: 'breakdown', pivot: 0 });
    const nan = matrix(1, 3, Float64Array.of(0, 0, NaN));
    expect(choleskyDowndate(identityMatrix(3), nan)).toMatchObject({ status: 'non-finite-input', pivot: 2 });
  });
});

it('rejects what does not fit', () => {
  const l = identityMatrix(3);
  expect(() => choleskyUpdate(l, matrix(1, 2))).toThrow(ShapeError);
  expect(() => choleskyUpdate(l, matrix(1, 3, Float64Array.of(0, Infinity, 0)))).toThrow(NumericalError);
  expect(() => choleskyDowndate(matrix(2, 3), matrix(1, 3))).toThrow(ShapeError);
  for (const [start, count] of [
    [-1, 1],
    [2, 2],
    [0, 0.5],
  ] as const) {
    expect(() => choleskyRemove(l, start, count)).toThrow(OptionError);
  }
});
