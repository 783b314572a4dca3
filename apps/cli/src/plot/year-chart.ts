import type { Prediction } from '@ntk/adapt';
import type { WeatherDay, WeatherResult } from '@ntk/bench';
import { splitTargets } from '../predictions/target-prediction.ts';
import { percent } from '../report/score-table.ts';
import { bandChart, type Series } from './band-chart.ts';
import type { Chart } from './render-svg.ts';

/** Predictions for a day of average weather on every day of the year. */
export interface YearCurves {
  readonly dayOfYear: readonly number[];
  readonly adapted: Prediction;
  readonly untouched: Float64Array;
  /** Probability of the interval. */
  readonly level: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The demo's picture: mean and interval over the year with the labelled and the held-out days, and the untouched network. */
export function yearChart({ adapted, labelled, heldOut }: WeatherResult, curves: YearCurves): Chart {
  const { dayOfYear, untouched, level } = curves;
  const { noiseVariance } = adapted.hyperparameters;
  const [prediction] = splitTargets(curves.adapted, { targets: ['temp_max'], noiseVariance, interval: level });
  const { mean, lower, upper } = prediction!;
  return bandChart({
    title: `From Seattle to New York with ${labelled.length} days`,
    subtitle: 'Daily maximum temperature; the curves are for a day of average weather',
    xTitle: 'day of the year',
    yTitle: 'maximum temperature (°C)',
    ticks: MONTHS.map((label, month) => ({ at: dayOfMonthStart(month), label })),
    prediction: {
      label: 'adapted network',
      bandLabel: `${percent(level)} interval`,
      x: dayOfYear,
      y: mean,
      lower,
      upper,
    },
    reference: { label: 'untouched network (Seattle)', x: dayOfYear, y: untouched },
    labelled: series(`${labelled.length} labelled days`, labelled),
    heldOut: series(`${heldOut.length} held-out days`, heldOut),
  });
}

/** Of a year with 29 February, from 0. */
function dayOfMonthStart(month: number): number {
  return Math.round((Date.UTC(2012, month) - Date.UTC(2012, 0)) / 86_400_000);
}

function series(label: string, days: readonly WeatherDay[]): Series {
  return { label, x: days.map((day) => day.dayOfYear), y: days.map((day) => day.temperature) };
}
