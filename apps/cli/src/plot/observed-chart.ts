import { colorOf, type LegendEntry } from './legend.ts';
import { numberAxis } from './number-axis.ts';
import { PALETTE } from './palette.ts';
import type { Chart } from './render-svg.ts';

/** Predictions of one target beside what was observed. */
export interface ObservedPanel {
  /** Name of the target. */
  readonly target: string;
  readonly observed: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
  /** Predictions of the untouched network. */
  readonly untouched?: ArrayLike<number>;
}

/** Predicted against observed values, one panel a target. */
export interface ObservedChart {
  readonly title: string;
  readonly subtitle?: string;
  /** Such as 'adapted, left out, with 95 % intervals'. */
  readonly label: string;
  readonly untouchedLabel?: string;
  readonly panels: readonly ObservedPanel[];
}

/** The chart of predicted against observed values with bars for the intervals; on the diagonal they agree. */
export function observedChart(chart: ObservedChart): Chart {
  const { title, subtitle, panels, label, untouchedLabel = 'untouched network' } = chart;
  const adapted: LegendEntry = { label, color: PALETTE.adapted, symbol: 'circle' };
  const untouched: LegendEntry = { label: untouchedLabel, color: PALETTE.untouched, symbol: 'diamond' };
  const legend = panels.some((panel) => panel.untouched !== undefined) ? [adapted, untouched] : [adapted];
  const spec = {
    title: { text: title, ...(subtitle === undefined ? {} : { subtitle }) },
    description: `${title}: predicted against observed values of ${panels.map(({ target }) => target).join(', ')}`,
    columns: 2,
    concat: panels.map((panel) => panelSpec(panel, { legend, size: panels.length === 1 ? 480 : 360 })),
    resolve: { scale: { color: 'shared' } },
  };
  return { spec: spec as Chart['spec'], legend };
}

interface PanelStyle {
  readonly legend: readonly LegendEntry[];
  readonly size: number;
}

function panelSpec(panel: ObservedPanel, { legend, size }: PanelStyle): object {
  const [low, high] = range(panel);
  const scale = { domain: [low, high], nice: true, zero: false };
  const axis = numberAxis([low, high]);
  const { target, untouched, mean } = panel;
  return {
    width: size,
    height: size,
    encoding: {
      x: { field: 'observed', type: 'quantitative', title: `observed ${target}`, scale, axis },
      y: { type: 'quantitative', title: `predicted ${target}`, scale, axis },
    },
    layer: [
      diagonal(low, high),
      ...(untouched === undefined
        ? []
        : [points(panel, untouched, { shape: 'diamond', opacity: 0.8, color: colorOf(legend[1]!.label, legend) })]),
      bars(panel),
      points(panel, mean, { shape: 'circle', opacity: 1, color: colorOf(legend[0]!.label, legend) }),
    ],
  };
}

function diagonal(low: number, high: number): object {
  return {
    data: { values: [low, high].map((value) => ({ observed: value, predicted: value })) },
    mark: { type: 'line', color: '#777', strokeDash: [3, 3], strokeWidth: 1.2, clip: true },
    encoding: { y: { field: 'predicted', type: 'quantitative' } },
  };
}

function bars({ observed, lower, upper }: ObservedPanel): object {
  return {
    data: { values: Array.from(observed, (value, i) => ({ observed: value, lower: lower[i]!, upper: upper[i]! })) },
    mark: { type: 'rule', aria: false, color: PALETTE.adapted, opacity: 0.45, strokeWidth: 1.5 },
    encoding: { y: { field: 'lower', type: 'quantitative' }, y2: { field: 'upper' } },
  };
}

interface PointStyle {
  readonly shape: 'circle' | 'diamond';
  readonly opacity: number;
  readonly color: object;
}

function points(
  { observed }: ObservedPanel,
  predicted: ArrayLike<number>,
  { shape, opacity, color }: PointStyle,
): object {
  return {
    data: { values: Array.from(observed, (value, i) => ({ observed: value, predicted: predicted[i]! })) },
    mark: { type: 'point', filled: true, aria: false, size: 40, shape, opacity },
    encoding: { y: { field: 'predicted', type: 'quantitative' }, color },
  };
}

/** Of all that is drawn, so that both axes agree. */
function range({ observed, lower, upper, mean, untouched = [] }: ObservedPanel): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const values of [observed, lower, upper, mean, untouched]) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}
