import { colorOf, type LegendEntry } from './legend.ts';
import { numberAxis } from './number-axis.ts';
import { PALETTE } from './palette.ts';
import type { Chart } from './render-svg.ts';

/** Points of a chart under one name. */
export interface Series {
  readonly label: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** Predictions over one input, with intervals, and the data they came from. */
export interface BandChart {
  readonly title: string;
  readonly subtitle?: string;
  /** With the unit. */
  readonly xTitle: string;
  /** With the unit. */
  readonly yTitle: string;
  /** Labels of the horizontal axis, where its numbers say little. */
  readonly ticks?: readonly { readonly at: number; readonly label: string }[];
  /** One curve: sorted here by x. */
  readonly prediction: Series & {
    readonly lower: ArrayLike<number>;
    readonly upper: ArrayLike<number>;
    readonly bandLabel: string;
  };
  /** The untouched network. */
  readonly reference?: Series;
  /** Data that the prediction was conditioned on. */
  readonly labelled?: Series;
  /** Data that it was not. */
  readonly heldOut?: Series;
}

/** The chart of mean and band over one input. */
export function bandChart(chart: BandChart): Chart {
  const legend = legendEntries(chart);
  const { title, subtitle, xTitle, yTitle, ticks, prediction } = chart;
  const xScale = { zero: false, nice: false };
  const spec = {
    title: { text: title, ...(subtitle === undefined ? {} : { subtitle }) },
    description: `${title}: ${prediction.label} with ${prediction.bandLabel}, ${yTitle} over ${xTitle}`,
    width: 760,
    height: 400,
    encoding: {
      x: { field: 'x', type: 'quantitative', title: xTitle, scale: xScale, axis: axisOf(prediction.x, ticks) },
      y: {
        type: 'quantitative',
        title: yTitle,
        scale: { zero: false },
        axis: numberAxis(...valuesOf(chart)),
      },
    },
    layer: LAYERS.flatMap((layer) => layer(chart, legend)),
  };
  return { spec: spec as Chart['spec'], legend };
}

type Layer = (chart: BandChart, entries: readonly LegendEntry[]) => object[];

function legendEntries({ prediction, reference, labelled, heldOut }: BandChart): LegendEntry[] {
  return [
    { label: prediction.label, color: PALETTE.adapted, symbol: 'line' },
    { label: prediction.bandLabel, color: PALETTE.band, symbol: 'band' },
    ...(reference === undefined
      ? []
      : [{ label: reference.label, color: PALETTE.untouched, symbol: 'dashes' as const }]),
    ...(labelled === undefined ? [] : [{ label: labelled.label, color: PALETTE.labelled, symbol: 'circle' as const }]),
    ...(heldOut === undefined ? [] : [{ label: heldOut.label, color: PALETTE.heldOut, symbol: 'circle' as const }]),
  ];
}

const bandLayer: Layer = ({ prediction }, entries) => {
  const { x, lower, upper, bandLabel } = prediction;
  const values = order(x).map((i) => ({ x: x[i]!, lower: lower[i]!, upper: upper[i]! }));
  return [
    {
      data: { values },
      mark: { type: 'area', aria: false },
      encoding: {
        y: { field: 'lower', type: 'quantitative' },
        y2: { field: 'upper' },
        color: colorOf(bandLabel, entries),
      },
    },
  ];
};

const meanLayer: Layer = ({ prediction }, entries) => [line(prediction, entries, { strokeWidth: 2.5 })];

const referenceLayer: Layer = ({ reference }, entries) =>
  reference === undefined ? [] : [line(reference, entries, { strokeWidth: 2, strokeDash: [6, 4] })];

const labelledLayer: Layer = ({ labelled }, entries) =>
  labelled === undefined
    ? []
    : [points(labelled, entries, { size: 42, opacity: 1, stroke: 'white', strokeWidth: 0.8 })];

const heldOutLayer: Layer = ({ heldOut }, entries) =>
  heldOut === undefined
    ? []
    : [points(heldOut, entries, heldOut.x.length > 300 ? { size: 12, opacity: 0.55 } : { size: 32, opacity: 0.8 })];

/** From back to front. */
const LAYERS: readonly Layer[] = [bandLayer, heldOutLayer, referenceLayer, meanLayer, labelledLayer];

function line(series: Series, entries: readonly LegendEntry[], style: object): object {
  return {
    data: { values: order(series.x).map((i) => ({ x: series.x[i]!, y: series.y[i]! })) },
    mark: { type: 'line', aria: false, ...style },
    encoding: { y: { field: 'y', type: 'quantitative' }, color: colorOf(series.label, entries) },
  };
}

function points(series: Series, entries: readonly LegendEntry[], style: object): object {
  return {
    data: { values: Array.from({ length: series.x.length }, (_, i) => ({ x: series.x[i]!, y: series.y[i]! })) },
    mark: { type: 'circle', aria: false, ...style },
    encoding: { y: { field: 'y', type: 'quantitative' }, color: colorOf(series.label, entries) },
  };
}

function valuesOf({ prediction, reference, labelled, heldOut }: BandChart): ArrayLike<number>[] {
  const series = [reference, labelled, heldOut].flatMap((each) => (each === undefined ? [] : [each.y]));
  return [prediction.lower, prediction.upper, ...series];
}

function axisOf(x: ArrayLike<number>, ticks: BandChart['ticks']): object {
  if (ticks === undefined) return numberAxis(x);
  const labels = Object.fromEntries(ticks.map(({ at, label }) => [at, label]));
  return { values: ticks.map(({ at }) => at), labelExpr: `(${JSON.stringify(labels)})[datum.value]` };
}

/** Rows with a finite x, by x. */
function order(x: ArrayLike<number>): number[] {
  return Array.from({ length: x.length }, (_, i) => i)
    .filter((i) => Number.isFinite(x[i]))
    .sort((a, b) => x[a]! - x[b]!);
}
