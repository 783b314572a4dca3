import {
  type Matrix,
  choleskySolve,
  copyMatrix,
  gemm,
  invertLower,
  matrix,
  solveLower,
  solveLowerTransposed,
} from '@ntk/linop';
import { randomMatrix } from '@ntk/linop/testing';
import { Rng } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED, U, lowerOf } from './matrices.ts';

const sizes = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(31, 32, 33, 65, 130));
const counts = fc.integer({ min: 1, max: 7 });

// Dominant diagonal: the condition stays below about 10 at every size.
function wellConditioned(n: number, rng: Rng): Matrix {
  const l = lowerOf(randomMatrix(n, n, rng));
  for (let i = 0; i < l.data.length; i++) l.data[i]! /= 2 * n;
  for (let i = 0; i < n; i++) l.data[i * n + i]! += 1;
  return l;
}

describe('triangular solves', () => {
  it('invert the products with L and Lᵀ', () => {
    fc.assert(
      fc.property(sizes, counts, fc.integer(), (n, k, seed) => {
        const rng = new Rng(seed);
        const l = wellConditioned(n, rng);
        const x = randomMatrix(k, n, rng);
        const forward = solveLower(l, gemm(x, l, { transposeB: true }));
        const backward = solveLowerTransposed(l, gemm(x, l));
        const both = choleskySolve(l, gemm(gemm(x, l), l, { transposeB: true }));
        for (const solved of [forward, backward, both]) expectAllclose(solved.data, x.data, { atol: 100 * n * U });
      }),
      FIXED,
    );
  });

  it('do not read above the diagonal', () => {
    const rng = new Rng(1);
    const l = wellConditioned(70, rng);
    const dirty = copyMatrix(l);
    for (let i = 0; i < 70; i++) dirty.data.fill(NaN, i * 70 + i + 1, (i + 1) * 70);
    const b = randomMatrix(5, 70, rng);
    expect(solveLower(dirty, b).data).toEqual(solveLower(l, b).data);
    expect(solveLowerTransposed(dirty, b).data).toEqual(solveLowerTransposed(l, b).data);
  });

  it('leave the right-hand sides alone unless in place', () => {
    const l = wellConditioned(3, new Rng(2));
    const b = matrix(1, 3, Float64Array.of(1, 2, 3));
    const before = copyMatrix(b);
    const x = solveLower(l, b);
    expect(b.data).toEqual(before.data);
    expect(solveLower(l, b, { inPlace: true })).toBe(b);
    expect(b.data).toEqual(x.data);
  });

  it('reject shapes that do not fit', () => {
    expect(() => solveLower(matrix(2, 3), matrix(1, 2))).toThrow(/2 × 3/);
    expect(() => choleskySolve(matrix(2, 2), matrix(2, 3))).toThrow(/3 entries, expected 2/);
  });
});

describe('invertLower', () => {
  it('gives L⁻¹ L = I, lower triangular', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), (n, seed) => {
        const l = wellConditioned(n, new Rng(seed));
        const inverse = invertLower(l);
        expect(lowerOf(inverse).data).toEqual(inverse.data);
        const product = gemm(inverse, l);
        for (let i = 0; i < n; i++) product.data[i * n + i]! -= 1;
        expectAllclose(product.data, new Float64Array(n * n), { atol: 100 * n * U });
      }),
      FIXED,
    );
  });
});
