import { type ChartLine, logChart } from './log-chart.ts';
import type { BoundCurve } from './variance-bound.ts';

const COLORS = ['#0b5fa5', '#5aa9e6', '#1b7f4b', '#7bc79e'];

/** The curves as a chart: excess of the bounds, and where the usual formula is below the exact variance. */
export function varianceBoundChart(curves: readonly BoundCurve[]): string {
  const usual = curves.at(-1)!;
  const lines: ChartLine[] = curves
    .slice(0, -1)
    .map(({ name, steps, excess }, i) => ({ name, x: steps, y: excess, color: COLORS[i]! }));
  lines.push({
    name: 'too small: k** − k*ᵀx, float32',
    x: usual.steps,
    y: usual.shortfall,
    color: '#c0392b',
    dashed: true,
  });
  return logChart(lines, {
    title: 'Variances from CG that is stopped early: largest error over 40 test rows, as a share of k**',
    xLabel: 'steps of CG',
    yLabel: 'excess over the exact variance (dashed: shortfall)',
    decades: [-16, 0],
  });
}
