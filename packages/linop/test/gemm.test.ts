import { gemm, matrix, syrk, transposeMatrix } from '@ntk/linop';
import { frobeniusNorm, randomMatrix } from '@ntk/linop/testing';
import { Rng } from '@ntk/tensor';
import { expectAllclose } from '@ntk/tensor/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED, U, slowProduct } from './matrices.ts';

// Sizes around the tile (4), and beyond one packed block in each direction (128 rows, 256 deep, 512 wide).
const small = fc.integer({ min: 1, max: 14 });
const shapes = fc.oneof(
  fc.tuple(small, small, small),
  fc.constantFrom<[number, number, number][]>(
    [131, 3, 5],
    [5, 259, 6],
    [3, 5, 515],
    [2, 300, 7],
    [1, 7, 300],
    [130, 258, 9],
  ),
);

describe('gemm', () => {
  it('agrees with the definition for all shapes and transposes', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.boolean(), fc.integer(), ([m, l, n], transposeA, transposeB, seed) => {
        const rng = new Rng(seed);
        const [a, b, addTo] = [randomMatrix(m, l, rng), randomMatrix(l, n, rng), randomMatrix(m, n, rng)];
        const expected = slowProduct(a, b).data.map((entry, i) => -0.5 * entry + addTo.data[i]!);
        const result = gemm(transposeA ? transposeMatrix(a) : a, transposeB ? transposeMatrix(b) : b, {
          transposeA,
          transposeB,
          alpha: -0.5,
          addTo,
        });
        expect(result).toBe(addTo);
        expectAllclose(result.data, expected, { atol: 4 * l * U * frobeniusNorm(a) * frobeniusNorm(b), shape: [m, n] });
      }),
      FIXED,
    );
  });

  it('gives zeros for an empty inner size', () => {
    expect(gemm(matrix(2, 0), matrix(0, 3)).data).toEqual(new Float64Array(6));
  });

  it('carries NaN to its row only', () => {
    const a = matrix(3, 2, Float64Array.of(1, 2, NaN, 3, 4, 5));
    const { data } = gemm(a, matrix(2, 1, Float64Array.of(1, 1)));
    expect([...data]).toEqual([3, NaN, 9]);
  });

  it('rejects sizes that do not fit', () => {
    expect(() => gemm(matrix(2, 3), matrix(2, 3))).toThrow(/2 × 3 times 2 × 3/);
    expect(() => gemm(matrix(2, 3), matrix(3, 2), { addTo: matrix(3, 3) })).toThrow(/addTo of 3 × 3/);
    expect(() => matrix(2, 2, new Float64Array(3))).toThrow(/3 entries/);
    expect(() => matrix(-1, 2)).toThrow(/-1 × 2/);
  });
});

describe('syrk', () => {
  it('is symmetric to the last bit and agrees with gemm', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.integer(), ([n, l], transposeA, seed) => {
        const a = randomMatrix(n, l, new Rng(seed));
        const result = syrk(transposeA ? transposeMatrix(a) : a, { transposeA, alpha: 2 });
        expect(transposeMatrix(result).data).toEqual(result.data);
        const expected = gemm(a, a, { transposeB: true, alpha: 2 });
        expectAllclose(result.data, expected.data, { atol: 8 * l * U * frobeniusNorm(a) ** 2 });
      }),
      FIXED,
    );
  });

  it('adds to a symmetric matrix', () => {
    const sum = syrk(matrix(2, 1, Float64Array.of(1, 2)), { addTo: matrix(2, 2, Float64Array.of(1, 5, 5, 1)) });
    expect([...sum.data]).toEqual([2, 7, 7, 5]);
  });
});
