import {
  applyQ,
  cholesky,
  choleskyLogDeterminant,
  choleskySolve,
  copyMatrix,
  eigh,
  factorTridiagonal,
  matrix,
  solveTridiagonal,
  tridiagonalQuadrature,
  tridiagonalize,
} from '@ntk/linop';
import { geometricSpectrum, matrixWithSpectrum, randomMatrix } from '@ntk/linop/testing';
import { Rng } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import { describe, expect, it } from 'vitest';
import { U } from './matrices.ts';

describe('a family A + shift · I through one tridiagonal form', () => {
  it.each([1, 2, 40])('agrees with a Cholesky factor for every shift, n = %i', (n) => {
    const rng = new Rng(n);
    const a = matrixWithSpectrum(geometricSpectrum(n, 1e6), rng);
    const b = randomMatrix(3, n, rng);
    const reduction = tridiagonalize(a);
    const rotated = applyQ(reduction, b, { transpose: true });
    for (const shift of [0, 1e-4, 1, 100]) {
      const shifted = copyMatrix(a);
      for (let i = 0; i < n; i++) shifted.data[i * n + i]! += shift;
      const { factor } = cholesky(shifted);
      const family = factorTridiagonal(reduction.tridiagonal, shift);
      const condition = (1 + shift) / (1e-6 + shift);
      expectAllclose([family.logDeterminant], [choleskyLogDeterminant(factor)], { atol: 16 * n * n * condition * U });
      const x = applyQ(reduction, solveTridiagonal(family, rotated));
      const expected = choleskySolve(factor, b);
      const size = Math.max(...expected.data.map(Math.abs));
      expectAllclose(x.data, expected.data, { atol: 16 * n * condition * U * size });
    }
  });

  it('says where it is not positive definite, and checks the length of right-hand sides', () => {
    const t = { diagonal: Float64Array.of(1, 1), offDiagonal: Float64Array.of(2) };
    expect(() => factorTridiagonal(t, 0)).toThrow(/pivot 1 of 2 is -3/);
    expect(() => factorTridiagonal({ ...t, diagonal: Float64Array.of(NaN, 1) }, 0)).toThrow(
      expect.objectContaining({ status: 'non-finite-input' }),
    );
    expect(() => solveTridiagonal(factorTridiagonal(t, 3), matrix(1, 3))).toThrow(/3 entries, expected 2/);
  });
});

describe('tridiagonalQuadrature', () => {
  it.each([1, 2, 3, 30])('has the eigenvalues and the first components of the eigenvectors, n = %i', (n) => {
    const rng = new Rng(n);
    const t = { diagonal: rng.normals(n).map((x) => 1e3 * x), offDiagonal: rng.normals(n - 1).map((x) => 1e3 * x) };
    const a = matrix(n, n);
    t.diagonal.forEach((entry, i) => (a.data[i * n + i] = entry));
    t.offDiagonal.forEach((entry, i) => (a.data[i * n + i + 1] = a.data[(i + 1) * n + i] = entry));
    const { values, vectors } = eigh(a);
    const { nodes, weights } = tridiagonalQuadrature(t);
    expectAllclose(nodes, values, { atol: 16 * n * U * 1e4 });
    const gaps = values.map((value, i) =>
      Math.min(value - (values[i - 1] ?? -Infinity), (values[i + 1] ?? Infinity) - value),
    );
    const squares = values.map((_, j) => vectors.data[j * n]! ** 2);
    expectAllclose(weights, squares, { atol: gaps.map((gap) => (16 * n * U * 1e4) / gap + 16 * n * U) });
    expectAllclose([weights.reduce((sum, weight) => sum + weight, 0)], [1], { atol: 16 * n * U });
  });

  it('takes a matrix that falls apart, and the zero matrix', () => {
    const split = tridiagonalQuadrature({ diagonal: Float64Array.of(2, 1, 5), offDiagonal: Float64Array.of(0, 3) });
    expect(split.nodes[split.weights.indexOf(1)]).toBe(2);
    const zero = tridiagonalQuadrature({ diagonal: new Float64Array(2), offDiagonal: new Float64Array(1) });
    expect([...zero.nodes]).toEqual([0, 0]);
    expect(() => tridiagonalQuadrature({ diagonal: Float64Array.of(NaN, 1), offDiagonal: Float64Array.of(1) })).toThrow(
      expect.objectContaining({ name: 'NumericalError' }),
    );
  });
});
