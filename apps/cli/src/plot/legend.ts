import type { Legend } from 'vega';

/** How a legend shows what a mark stands for. */
export type LegendSymbol = 'line' | 'dashes' | 'band' | 'circle' | 'diamond';

/** What a mark of a chart stands for. */
export interface LegendEntry {
  readonly label: string;
  readonly color: string;
  readonly symbol: LegendSymbol;
}

/**
 * The colour channel of one layer. All layers of a chart share the scale, so that their entries meet in one legend.
 *
 * @param label - of the entry that this layer shows
 * @param all - the entries of the chart, in the order of the legend
 */
export function colorOf(label: string, all: readonly LegendEntry[]): object {
  return {
    datum: label,
    type: 'nominal',
    scale: { domain: all.map((entry) => entry.label), range: all.map(({ color }) => color) },
    legend: null,
  };
}

/** The legend of a chart whose colour channels are those of `colorOf`: each entry with its own symbol. */
export function legendOf(entries: readonly LegendEntry[]): Legend {
  const table = JSON.stringify(Object.fromEntries(entries.map(({ label, symbol }) => [label, SYMBOLS[symbol]])));
  // Vega also evaluates these where it lays the legend out, without an entry.
  const own = (property: keyof (typeof SYMBOLS)['line']) => ({
    signal: `((${table})[datum.value] || ${JSON.stringify(SYMBOLS.circle)}).${property}`,
  });
  const color = { scale: 'color', field: 'value' } as const;
  const update = {
    shape: own('shape'),
    strokeDash: own('dash'),
    strokeWidth: own('width'),
    size: { value: 130 },
    stroke: color,
    fill: color,
  };
  return {
    fill: 'color',
    orient: 'bottom',
    direction: 'horizontal',
    columns: 3,
    encode: { symbols: { update } },
  };
}

const SYMBOLS = {
  line: { shape: 'stroke', dash: [], width: 3 },
  dashes: { shape: 'stroke', dash: [5, 3], width: 2 },
  band: { shape: 'square', dash: [], width: 0 },
  circle: { shape: 'circle', dash: [], width: 0 },
  diamond: { shape: 'diamond', dash: [], width: 0 },
} as const satisfies Record<LegendSymbol, object>;
