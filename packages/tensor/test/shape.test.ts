import { describe, expect, it } from 'vitest';
import { broadcastShapes, checkShape, formatShape, sameShape, sizeOf, stridesOf } from '@ntk/tensor';

describe('shapes', () => {
  it('counts elements', () => {
    expect(sizeOf([])).toBe(1);
    expect(sizeOf([2, 3, 4])).toBe(24);
    expect(sizeOf([2, 0, 4])).toBe(0);
  });

  it('has row-major strides', () => {
    expect(stridesOf([])).toEqual([]);
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  });

  it('prints as in messages', () => {
    expect(formatShape([])).toBe('[]');
    expect(formatShape([2, 3])).toBe('[2, 3]');
  });

  it('compares extents and rank', () => {
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([2], [2, 1])).toBe(false);
    expect(sameShape([], [])).toBe(true);
  });

  it.each([
    { a: [], b: [], to: [] },
    { a: [3], b: [], to: [3] },
    { a: [2, 3], b: [3], to: [2, 3] },
    { a: [2, 1], b: [1, 3], to: [2, 3] },
    { a: [4, 1, 3], b: [2, 1], to: [4, 2, 3] },
    { a: [0, 3], b: [1, 3], to: [0, 3] },
    { a: [1], b: [0], to: [0] },
  ])('broadcasts $a with $b to $to', ({ a, b, to }) => {
    expect(broadcastShapes(a, b)).toEqual(to);
    expect(broadcastShapes(b, a)).toEqual(to);
  });

  it('refuses extents that do not broadcast', () => {
    expect(() => broadcastShapes([2, 3], [2])).toThrow(/got \[2, 3\] and \[2\]/);
    expect(() => broadcastShapes([0], [3])).toThrow(/broadcast/);
  });

  it('refuses extents that are not whole or negative', () => {
    expect(() => checkShape([2, -1], 'here')).toThrow(/here: got the shape \[2, -1\]/);
    expect(() => checkShape([1.5], 'here')).toThrow(/non-negative/);
    expect(() => checkShape([NaN], 'here')).toThrow(/non-negative/);
    expect(() => checkShape([0, 1], 'here')).not.toThrow();
  });
});
