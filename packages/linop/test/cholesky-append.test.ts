import { NumericalError, cholesky, choleskyAppend, matrix } from '@ntk/linop';
import { geometricSpectrum, matrixWithSpectrum } from '@ntk/linop/testing';
import { Rng, ShapeError } from '@ntk/tensor';
import { describe, expect, test } from 'vitest';

const part = (a: { columns: number; data: Float64Array }, rows: [number, number], columns: [number, number]) => {
  const block = matrix(rows[1] - rows[0], columns[1] - columns[0]);
  for (let i = rows[0]; i < rows[1]; i++) {
    block.data.set(
      a.data.subarray(i * a.columns + columns[0], i * a.columns + columns[1]),
      (i - rows[0]) * block.columns,
    );
  }
  return block;
};

describe.each([1, 1e3, 1e9])('condition %f', (condition) => {
  test.each([
    [0, 3],
    [1, 1],
    [5, 0],
    [40, 7],
    [33, 70],
  ])('a factor of %i extended by %i is that of the whole', (n, k) => {
    const a = matrixWithSpectrum(geometricSpectrum(n + k, condition), new Rng('append'));
    const { factor: leading } = cholesky(part(a, [0, n], [0, n]));
    const found = choleskyAppend(leading, part(a, [n, n + k], [0, n]), part(a, [n, n + k], [n, n + k]));
    const { factor } = cholesky(a);
    const scale = Math.max(...factor.data, 0);
    const bound = 10 * (n + k) * Number.EPSILON * condition * scale;
    found.data.forEach((value, i) => expect(Math.abs(value - factor.data[i]!)).toBeLessThanOrEqual(bound));
  });
});

test('what cannot be appended', () => {
  const { factor } = cholesky(matrix(2, 2, Float64Array.of(2, 1, 1, 2)));
  const repeated = matrix(1, 2, Float64Array.of(2, 1));
  expect(() => choleskyAppend(factor, repeated, matrix(1, 1, Float64Array.of(1.9)))).toThrow(NumericalError);
  expect(() => choleskyAppend(factor, repeated, matrix(1, 1, Float64Array.of(NaN)))).toThrow(NumericalError);
  expect(() => choleskyAppend(factor, matrix(1, 3), matrix(1, 1))).toThrow(ShapeError);
  expect(() => choleskyAppend(factor, matrix(2, 2), matrix(1, 1))).toThrow(ShapeError);
  expect(() => choleskyAppend(factor, matrix(1, 2), matrix(1, 2))).toThrow(ShapeError);
});
