import { expect, test } from 'vitest';
import { curveGrid } from '../../src/plot/curve-grid.ts';

const data = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i) * 2);
const within = (grid: Float64Array, low: number, high: number) =>
  grid.filter((value) => value >= low && value <= high).length;

test('covers the range of all columns with a margin, ascending and once each', () => {
  const grid = curveGrid([data, Float64Array.of(5)]);
  expect(grid[0]).toBeLessThan(-2);
  expect(grid.at(-1)).toBeGreaterThan(5);
  expect([...grid]).toEqual([...new Set(grid)].sort((a, b) => a - b));
});

test.each([
  ['a test row', [data, Float64Array.of(1e6)]],
  ['a row of the data', [Float64Array.of(...data, 1e6)]],
])('%s far away leaves the curve fine where the others are', (_, columns) => {
  expect(within(curveGrid(columns), -2, 2)).toBeGreaterThan(100);
});

test.each([[[3]], [[3, 3]], [[1e12, 1e12 + 1]], [[1e-9, 2e-9]]])('%j is drawn', (values) => {
  const grid = curveGrid([Float64Array.from(values)]);
  expect(grid.length).toBeGreaterThan(2);
  expect(grid.every(Number.isFinite)).toBe(true);
});
