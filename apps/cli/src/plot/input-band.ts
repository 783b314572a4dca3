import {
  encodeInputs,
  hasTargets,
  makeTable,
  readTargets,
  type FeatureSchema,
  type Prediction,
  type Table,
} from '@ntk/adapt';
import { splitTargets } from '../predictions/target-prediction.ts';
import { counted } from '../report/counted.ts';
import { percent } from '../report/score-table.ts';
import { bandChart, type BandChart, type Series } from './band-chart.ts';
import { curveGrid } from './curve-grid.ts';
import type { Chart } from './render-svg.ts';

/** What a chart over a single input needs. */
export interface InputBand {
  readonly title: string;
  readonly schema: FeatureSchema;
  /** Tables whose range of the input is shown. */
  readonly tables: readonly Table[];
  readonly noiseVariance: number | Float64Array;
  readonly interval: number;
  /** The noise-free function at encoded inputs. */
  readonly predict: (x: Float64Array) => Promise<Prediction>;
  /** The untouched network at encoded inputs. */
  readonly untouched: (x: Float64Array) => Promise<ArrayLike<number>>;
  readonly labelled?: Series;
  readonly heldOut?: Series | undefined;
}

/** Whether predictions can be drawn as one curve: one input that is a number, and one target. */
export function isCurve({ inputs, targets }: FeatureSchema): boolean {
  return inputs.length === 1 && inputs[0]!.kind === 'number' && targets.length === 1;
}

/** The only input of a table as it stands there, before scaling. */
function rawInput(schema: FeatureSchema, table: Table): Float64Array {
  return encodeInputs({ ...schema, scaler: null }, table).x;
}

/** The rows of a table whose target is known, if it has the target at all. */
export function observedSeries(schema: FeatureSchema, table: Table): Series | undefined {
  if (!hasTargets(schema, table)) return undefined;
  const [target] = readTargets({ targets: schema.targets, missing: 'drop' }, table);
  const { x, rows } = encodeInputs({ ...schema, scaler: null }, table);
  const known = rows.flatMap((row, i) => (Number.isNaN(target![row]!) ? [] : [{ x: x[i]!, y: target![row]! }]));
  if (known.length === 0) return undefined;
  return {
    label: counted(known.length, 'observed row'),
    x: known.map((point) => point.x),
    y: known.map((point) => point.y),
  };
}

/** The chart of mean and interval over the range of the only input. */
export async function inputBand(band: InputBand): Promise<Chart> {
  const { schema, tables, noiseVariance, interval, predict, untouched, title, labelled, heldOut } = band;
  const [input] = schema.inputs;
  const [target] = schema.targets;
  const grid = curveGrid(tables.map((table) => rawInput(schema, table)));
  const table = makeTable({ source: 'plot', columns: [{ name: input!.name, cells: grid }] });
  const { x } = encodeInputs(schema, table);
  const [prediction] = splitTargets(await predict(x), { targets: schema.targets, noiseVariance, interval });
  const { mean, lower, upper } = prediction!;
  const chart: BandChart = {
    title,
    xTitle: input!.name,
    yTitle: target!,
    prediction: {
      label: 'adapted network',
      bandLabel: `${percent(interval)} interval`,
      x: grid,
      y: mean,
      lower,
      upper,
    },
    reference: { label: 'untouched network', x: grid, y: await untouched(x) },
    ...(labelled === undefined ? {} : { labelled }),
    ...(heldOut === undefined ? {} : { heldOut }),
  };
  return bandChart(chart);
}
