import {
  type Matrix,
  NumericalError,
  applyQ,
  copyMatrix,
  eigenvaluesOf,
  eigh,
  gemm,
  identityMatrix,
  matrix,
  syrk,
  tridiagonalize,
} from '@ntk/linop';
import { frobeniusNorm, geometricSpectrum, matrixWithSpectrum, randomMatrix } from '@ntk/linop/testing';
import { Rng } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED, U, distance, symmetric } from './matrices.ts';

const sizes = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(31, 32, 33, 64, 65, 97, 130));

// Eigenvalues that defeat careless methods: repeated, clustered, graded, with gaps, coupled by almost nothing.
const HARD: readonly (readonly [string, (n: number) => Matrix])[] = [
  ['zero', (n) => matrix(n, n)],
  ['identity', identityMatrix],
  ['all ones', (n) => symmetric(n, () => 1)],
  ['smooth kernel', (n) => symmetric(n, (i, j) => Math.exp(-8 * ((i - j) / n) ** 2))],
  ['Wilkinson', (n) => symmetric(n, (i, j) => (i === j ? Math.abs(i - (n - 1) / 2) : i - j === 1 ? 1 : 0))],
  [
    'glued Wilkinson',
    (n) => symmetric(n, (i, j) => (i === j ? Math.abs((i % 21) - 10) : i - j === 1 ? (i % 21 === 0 ? 1e-9 : 1) : 0)),
  ],
  ['second difference', (n) => symmetric(n, (i, j) => (i === j ? 2 : i - j === 1 ? -1 : 0))],
  ['graded', (n) => symmetric(n, (i, j) => 10 ** (-(i + j) / 10) * (i === j ? 2 : Math.cos(i + j)))],
  ['low rank', (n) => syrk(randomMatrix(n, 3, new Rng(n)))],
  [
    'two clusters',
    (n) =>
      matrixWithSpectrum(
        Float64Array.from({ length: n }, (_, i) => (i % 2) + 1e-14 * i),
        new Rng(n),
      ),
  ],
  ['tiny', (n) => symmetric(n, (i, j) => 1e-200 * Math.cos(i * j))],
  ['huge', (n) => symmetric(n, (i, j) => 1e150 * Math.cos(i * j))],
];

function expectDecomposition(a: Matrix): void {
  const n = a.rows;
  const { values, vectors } = eigh(a);
  const largest = Math.max(...a.data.map(Math.abs)) || 1;
  const scaled = matrix(
    n,
    n,
    a.data.map((entry) => entry / largest),
  );
  const norm = frobeniusNorm(scaled);
  expect([...values].every((value, i) => i === 0 || value >= values[i - 1]!)).toBe(true);
  expect(distance(syrk(vectors), identityMatrix(n))).toBeLessThanOrEqual(8 * n * U);
  const weighted = matrix(
    n,
    n,
    vectors.data.map((entry, i) => (entry * values[Math.floor(i / n)]!) / largest),
  );
  expect(distance(gemm(vectors, weighted, { transposeA: true }), scaled)).toBeLessThanOrEqual(8 * n * U * norm);
  expectAllclose(eigenvaluesOf(a), values, { atol: 8 * n * U * norm * largest });
}

describe('eigh', () => {
  it('gives orthonormal vectors that rebuild random matrices', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), (n, seed) => {
        const r = randomMatrix(n, n, new Rng(seed));
        expectDecomposition(symmetric(n, (i, j) => r.data[i * n + j]!));
      }),
      FIXED,
    );
  });

  it.each(HARD)('decomposes: %s', (_, make) => {
    for (const n of [20, 64, 147]) expectDecomposition(make(n));
  });

  it('finds the eigenvalues that a matrix was made with', () => {
    const spectrum = geometricSpectrum(90, 1e8).map((value, i) => (i % 3 === 0 ? -value : value));
    const a = matrixWithSpectrum(spectrum, new Rng(4));
    expectAllclose(eigh(a).values, spectrum.slice().sort(), { atol: 90 * U * 10 });
  });

  it('reads only the lower triangle and leaves the matrix alone', () => {
    const a = matrixWithSpectrum(geometricSpectrum(45, 10), new Rng(5));
    const dirty = copyMatrix(a);
    for (let i = 0; i < 45; i++) dirty.data.fill(NaN, i * 45 + i + 1, (i + 1) * 45);
    const before = copyMatrix(dirty);
    expect(eigh(dirty).values).toEqual(eigh(a).values);
    expect(dirty.data).toEqual(before.data);
  });

  it('rejects what is not square or not finite', () => {
    expect(() => eigh(matrix(2, 3))).toThrow(expect.objectContaining({ name: 'ShapeError' }));
    expect(() => eigh(matrix(2, 2, Float64Array.of(1, 0, NaN, 1)))).toThrow(NumericalError);
    expect(() => eigenvaluesOf(matrix(2, 2, Float64Array.of(1, 0, 0, Infinity)))).toThrow(/row 1, column 1/);
  });

  it('handles the empty matrix', () => {
    expect(eigh(matrix(0, 0)).values).toHaveLength(0);
  });
});

describe('tridiagonalize', () => {
  it('gives Qᵀ A Q = T with Q orthogonal', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), (n, seed) => {
        const r = randomMatrix(n, n, new Rng(seed));
        const a = symmetric(n, (i, j) => r.data[i * n + j]!);
        const reduction = tridiagonalize(a);
        const { diagonal, offDiagonal } = reduction.tridiagonal;
        const t = symmetric(n, (i, j) => (i === j ? diagonal[i]! : i - j === 1 ? offDiagonal[j]! : 0));
        // Rows of q are Q e_j, so that q = Qᵀ.
        const q = applyQ(reduction, identityMatrix(n));
        expect(distance(syrk(q), identityMatrix(n))).toBeLessThanOrEqual(8 * n * U);
        const reduced = gemm(gemm(q, a), q, { transposeB: true });
        expect(distance(reduced, t)).toBeLessThanOrEqual(16 * n * U * frobeniusNorm(a));
        const x = randomMatrix(2, n, new Rng(seed));
        const back = applyQ(reduction, applyQ(reduction, x), { transpose: true });
        expectAllclose(back.data, x.data, { atol: 16 * n * U * frobeniusNorm(x) });
      }),
      FIXED,
    );
  });

  it('rejects vectors of another length', () => {
    expect(() => applyQ(tridiagonalize(identityMatrix(3)), matrix(1, 2))).toThrow(/2 entries, expected 3/);
  });
});
