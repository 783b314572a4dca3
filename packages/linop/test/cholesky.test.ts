import {
  NumericalError,
  cholesky,
  choleskyInverse,
  choleskyInverseDiagonal,
  choleskyLogDeterminant,
  copyMatrix,
  gemm,
  identityMatrix,
  matrix,
  syrk,
  tryCholesky,
} from '@ntk/linop';
import { frobeniusNorm, geometricSpectrum, matrixWithSpectrum, randomMatrix } from '@ntk/linop/testing';
import { Rng } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED, U, distance, lowerOf, symmetric } from './matrices.ts';

const sizes = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(31, 32, 33, 64, 65, 100, 150));
const conditions = fc.constantFrom(1, 1e3, 1e10);

describe('cholesky', () => {
  it('gives A = L Lᵀ to rounding at any condition, without jitter', () => {
    fc.assert(
      fc.property(sizes, conditions, fc.integer(), (n, condition, seed) => {
        const a = matrixWithSpectrum(geometricSpectrum(n, condition), new Rng(seed));
        const { factor, jitter } = cholesky(a);
        expect(jitter).toBe(0);
        expect(lowerOf(factor).data).toEqual(factor.data);
        // Higham (2002), Accuracy and stability, theorem 10.3
        expect(distance(syrk(factor), a)).toBeLessThanOrEqual(2 * (n + 1) * U * frobeniusNorm(factor) ** 2);
      }),
      FIXED,
    );
  });

  it('copies unless told to work in place', () => {
    const a = matrixWithSpectrum(geometricSpectrum(50, 10), new Rng(1));
    const before = copyMatrix(a);
    const { factor } = cholesky(a);
    expect(a.data).toEqual(before.data);
    const inPlace = cholesky(a, { inPlace: true });
    expect(inPlace.factor).toBe(a);
    expect(a.data).toEqual(factor.data);
  });

  it('knows the square root of a number', () => {
    expect(cholesky(matrix(1, 1, Float64Array.of(9))).factor.data).toEqual(Float64Array.of(3));
    expect(cholesky(matrix(0, 0)).factor.data).toHaveLength(0);
  });

  it('names the pivot where an indefinite matrix breaks down, also beyond the first block', () => {
    for (const pivot of [0, 5, 40, 99]) {
      const a = identityMatrix(100);
      a.data[pivot * 100 + pivot] = -1;
      const result = tryCholesky(a);
      expect(result).toMatchObject({ status: 'breakdown', pivot });
      expect(() => cholesky(a)).toThrow(new RegExp(`pivot ${pivot} failed`));
    }
  });

  it('finds entries that are not finite', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const a = identityMatrix(40);
      a.data[35 * 40 + 2] = bad;
      expect(tryCholesky(a)).toMatchObject({ status: 'non-finite-input', pivot: 35 });
      expect(() => cholesky(a)).toThrow(NumericalError);
      expect(() => cholesky(a)).toThrow(/row 35, column 2/);
    }
  });

  it('rejects a matrix that is not square and a policy that makes no sense', () => {
    expect(() => cholesky(matrix(2, 3))).toThrow(expect.objectContaining({ name: 'ShapeError' }));
    for (const jitter of [{ start: 0 }, { growth: 1 }, { limit: NaN }, { limit: -1 }]) {
      expect(() => cholesky(identityMatrix(2), { jitter })).toThrow(expect.objectContaining({ name: 'OptionError' }));
    }
  });
});

describe('jitter', () => {
  const singular = syrk(randomMatrix(40, 3, new Rng(2)));

  it('is reported, as a multiple of the mean diagonal, and no larger than a decade above what is needed', () => {
    const scale = singular.data.reduce((sum, entry, i) => (i % 41 === 0 ? sum + entry / 40 : sum), 0);
    const { jitter, factor } = cholesky(singular);
    const exponent = Math.log10(jitter / scale);
    expect(exponent).toBeCloseTo(Math.round(exponent), 9);
    expect(jitter / scale).toBeLessThanOrEqual(1.01e-11);
    const restored = syrk(factor);
    for (let i = 0; i < 40; i++) restored.data[i * 41]! -= jitter;
    expect(distance(restored, singular)).toBeLessThanOrEqual(100 * U * frobeniusNorm(singular));
  });

  it('restores the original before each trial, also in place', () => {
    const copy = copyMatrix(singular);
    const inPlace = cholesky(copy, { inPlace: true });
    expect(inPlace.factor.data).toEqual(cholesky(singular).factor.data);
    const failed = copyMatrix(singular);
    expect(tryCholesky(failed, { inPlace: true, jitter: { limit: 0 } }).status).toBe('breakdown');
    expect(failed.data).toEqual(singular.data);
  });

  it('stops at the limit and says what it tried', () => {
    const a = matrixWithSpectrum([1, 1, -1e-5], new Rng(3));
    const result = tryCholesky(a);
    expect(result.status).toBe('breakdown');
    expect(result.jitter).toBeCloseTo(1e-6 * (2 / 3), 9);
    expect(() => cholesky(a)).toThrow(/jitter of 6\.67e-7/);
    expect(cholesky(a, { jitter: { limit: 1e-3 } }).jitter).toBeGreaterThan(1e-5);
  });

  it('treats a pivot without correct digits as not positive', () => {
    const ones = symmetric(3, () => 1);
    expect(tryCholesky(ones, { jitter: { limit: 0 } })).toMatchObject({ status: 'breakdown', pivot: 1 });
  });

  it('has nothing to add to the zero matrix', () => {
    expect(tryCholesky(matrix(3, 3))).toMatchObject({ status: 'breakdown', pivot: 0, jitter: 0 });
  });
});

describe('what follows from the factor', () => {
  it('inverts, with the diagonal of the inverse and the log determinant', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), (n, seed) => {
        const condition = 1e3;
        const eigenvalues = geometricSpectrum(n, condition);
        const a = matrixWithSpectrum(eigenvalues, new Rng(seed));
        const { factor } = cholesky(a);
        const inverse = choleskyInverse(factor);
        const atol = 10 * n * condition * U;
        expectAllclose(gemm(inverse, a).data, identityMatrix(n).data, { atol });
        const diagonal = choleskyInverseDiagonal(factor);
        expectAllclose(
          diagonal,
          Float64Array.from({ length: n }, (_, i) => inverse.data[i * n + i]!),
          { rtol: n * U * 4 },
        );
        const expected = eigenvalues.reduce((sum, value) => sum + Math.log(value), 0);
        expectAllclose([choleskyLogDeterminant(factor)], [expected], { atol: atol * n });
      }),
      FIXED,
    );
  });
});
