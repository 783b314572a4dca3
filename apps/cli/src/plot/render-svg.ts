import type { TopLevelSpec } from 'vega-lite';
import { legendOf, type LegendEntry } from './legend.ts';

/** A chart with its data. */
export interface Chart {
  readonly spec: TopLevelSpec;
  readonly legend: readonly LegendEntry[];
}

/** Draws a chart as SVG text, without a browser. */
export async function renderSvg({ spec, legend }: Chart): Promise<string> {
  // Loaded late: most commands draw nothing.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = compile({ ...STYLE, ...spec }).spec;
  // Vega-Lite gives all entries of a legend one symbol; Vega itself can tell a line from a point.
  const runtime = vega.parse({ ...compiled, legends: [legendOf(legend)] });
  const view = new vega.View(runtime, { renderer: 'none', logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

const STYLE = {
  background: 'white',
  padding: 16,
  config: {
    font: 'Helvetica, Arial, sans-serif',
    title: { anchor: 'start', fontSize: 16, fontWeight: 600, subtitleFontSize: 12, subtitleColor: '#444', offset: 12 },
    axis: { labelFontSize: 12, titleFontSize: 13, titleFontWeight: 'normal', gridColor: '#e6e6e6', titlePadding: 8 },
    legend: { labelFontSize: 12, labelLimit: 400, columnPadding: 24, rowPadding: 6, offset: 14 },
    view: { stroke: '#ccc' },
  },
} as const;
