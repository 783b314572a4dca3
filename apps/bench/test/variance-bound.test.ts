import { varianceBoundChart, varianceBoundCurves } from '@ntk/bench';
import { expect, test } from 'vitest';

test('bounds hold after every number of steps and close; the chart has a line for each', {
  timeout: 120_000,
}, async () => {
  const curves = await varianceBoundCurves([1, 4, 16, 64]);
  expect(curves).toHaveLength(5);
  for (const { dtype, excess, shortfall } of curves.slice(0, -1)) {
    for (const below of shortfall) expect(below).toBeLessThanOrEqual(dtype === 'float64' ? 1e-12 : 1e-6);
    expect(excess.at(-1)).toBeLessThan(dtype === 'float64' ? 1e-9 : 1e-4);
  }
  expect(varianceBoundChart(curves).match(/<polyline/g)).toHaveLength(5);
});
