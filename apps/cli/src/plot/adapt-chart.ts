import { encodeExamples, type AdaptedNetwork, type Verdict } from '@ntk/adapt';
import { forward } from '@ntk/tensor';
import type { AdaptInputs } from '../actions/prepare-adapt.ts';
import { splitTargets } from '../predictions/target-prediction.ts';
import { counted } from '../report/counted.ts';
import { percent } from '../report/score-table.ts';
import { inputBand, isCurve, observedSeries } from './input-band.ts';
import { observedChart } from './observed-chart.ts';
import type { Chart } from './render-svg.ts';

/** What the picture of an adapted network shows. */
export interface AdaptPicture {
  readonly adapted: AdaptedNetwork;
  readonly inputs: AdaptInputs;
  /** With the predictions of left-out rows, noise included; undefined where there are too few rows. */
  readonly judged: Verdict | undefined;
  readonly interval: number;
}

/**
 * The picture of an adapted network: over a single input, the mean and its interval with the data; else, for every target,
 * predicted against observed values of left-out rows.
 */
export async function adaptChart(picture: AdaptPicture): Promise<Chart> {
  const { schema } = picture.inputs;
  return isCurve(schema) ? curve(picture) : observed(picture);
}

async function curve({ adapted, inputs, interval }: AdaptPicture): Promise<Chart> {
  const { schema, tables, test } = inputs;
  const { x, y, rows } = encodeExamples({ ...schema, scaler: null }, tables);
  const { backend } = adapted.linearization;
  return inputBand({
    title: `${adapted.network.meta.name} adapted to ${tables.inputs.source}`,
    schema,
    tables: [tables.inputs, test.table],
    noiseVariance: adapted.hyperparameters.noiseVariances,
    interval,
    predict: (grid) => adapted.predict(grid),
    untouched: async (grid) => {
      using outputs = await forward(adapted.network, grid, { backend, dtype: adapted.linearization.dtype });
      return Float64Array.from(await backend.read(outputs));
    },
    labelled: { label: `${counted(rows.length, 'row')} of data`, x, y },
    heldOut: test.table === tables.inputs ? undefined : observedSeries(schema, test.table),
  });
}

async function observed({ adapted, inputs, judged, interval }: AdaptPicture): Promise<Chart> {
  const { schema, examples, tables } = inputs;
  const { linearization, hyperparameters } = adapted;
  const { targets } = schema;
  const untouched = Float64Array.from(await linearization.backend.read(linearization.outputs));
  const noiseVariance = judged === undefined ? hyperparameters.noiseVariances : 0;
  const predicted = judged?.leftOut ?? (await adapted.predict(examples.x));
  const shown = splitTargets(predicted, { targets, noiseVariance, interval });
  const order = judged?.validation.examples ?? examples.rows.map((_, example) => example);
  const pick = (values: Float64Array, output: number) =>
    Float64Array.from(order, (example) => values[example * targets.length + output]!);
  return observedChart({
    title: `${adapted.network.meta.name} adapted to ${tables.inputs.source}`,
    subtitle: subtitleOf(judged),
    label: `adapted network, with ${percent(interval)} interval`,
    panels: shown.map(({ target, mean, lower, upper }, output) => ({
      target,
      observed: pick(examples.y, output),
      mean,
      lower,
      upper,
      untouched: pick(untouched, output),
    })),
  });
}

function subtitleOf(judged: Verdict | undefined): string {
  if (judged === undefined) return 'each row predicted with itself among the data';
  const { kind, folds, examples } = judged.validation;
  if (kind === 'leave-one-out') return 'each row predicted from all others';
  return kind === 'k-fold'
    ? `each row predicted from the other ${folds.length - 1} of ${folds.length} folds`
    : `${examples.length} held-out rows, predicted from all others`;
}
