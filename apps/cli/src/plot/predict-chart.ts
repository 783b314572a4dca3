import {
  readTargets,
  type EncodedInputs,
  type FeatureSchema,
  type Prediction,
  type StoredPosterior,
  type Table,
} from '@ntk/adapt';
import type { TargetPrediction } from '../predictions/target-prediction.ts';
import { percent } from '../report/score-table.ts';
import { inputBand, isCurve, observedSeries } from './input-band.ts';
import { observedChart } from './observed-chart.ts';
import type { Chart } from './render-svg.ts';

/** What the picture of predictions shows. */
export interface PredictPicture {
  readonly stored: StoredPosterior;
  readonly schema: FeatureSchema;
  readonly table: Table;
  readonly encoded: EncodedInputs;
  readonly predictions: readonly TargetPrediction[];
  readonly interval: number;
  readonly predict: (x: Float64Array) => Promise<Prediction>;
  readonly untouched: (x: Float64Array) => Promise<Float64Array>;
}

/**
 * The picture of predictions: over a single input, the mean and its interval; else predicted against observed values, for
 * which the table needs the targets. Rows without a target are left out.
 */
export async function predictChart(picture: PredictPicture): Promise<Chart> {
  return isCurve(picture.schema) ? curve(picture) : observed(picture);
}

async function curve({ stored, schema, table, interval, predict, untouched }: PredictPicture): Promise<Chart> {
  return inputBand({
    title: `${stored.network.meta.name} for ${table.source}`,
    schema,
    tables: [table],
    noiseVariance: stored.noiseVariances,
    interval,
    predict,
    untouched,
    heldOut: observedSeries(schema, table),
  });
}

async function observed({
  stored,
  schema,
  table,
  encoded,
  predictions,
  interval,
  untouched,
}: PredictPicture): Promise<Chart> {
  const { targets } = schema;
  const observedTargets = readTargets({ targets, missing: 'drop' }, table);
  const outputs = await untouched(encoded.x);
  return observedChart({
    title: `${stored.network.meta.name} for ${table.source}`,
    label: `adapted network, with ${percent(interval)} interval`,
    panels: predictions.map(({ target, mean, lower, upper }, output) => {
      const y = observedTargets[output]!;
      const known = encoded.rows.flatMap((row, i) => (Number.isNaN(y[row]!) ? [] : [i]));
      const pick = (values: Float64Array) => known.map((i) => values[i]!);
      return {
        target,
        observed: known.map((i) => y[encoded.rows[i]!]!),
        mean: pick(mean),
        lower: pick(lower),
        upper: pick(upper),
        untouched: known.map((i) => outputs[i * targets.length + output]!),
      };
    }),
  });
}
