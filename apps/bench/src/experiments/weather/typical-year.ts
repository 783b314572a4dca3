import { encodeInputs, fitFeatures, makeTable, type FeatureSchema } from '@ntk/adapt';
import { TARGET, weatherTable, type WeatherDay } from './weather-data.ts';

/** Inputs of a year of days that differ in nothing but the season. */
export interface TypicalYear {
  /** 0 for 1 January. */
  readonly dayOfYear: readonly number[];
  /** [366, d], row-major, as the network reads them. */
  readonly x: Float64Array;
}

/**
 * The inputs of every day of a year with average weather: precipitation and wind at their means, each kind of weather at its share.
 *
 * @param features - of the network
 * @param days - whose weather is averaged; their temperatures are not used
 */
export function typicalYear(features: FeatureSchema, days: readonly WeatherDay[]): TypicalYear {
  const table = weatherTable(days, 'weather.csv');
  const categories = Object.fromEntries(
    features.inputs.flatMap((input) => (input.kind === 'category' ? [[input.name, input.categories]] : [])),
  );
  const averages = fitFeatures({ inputs: table, targets: table }, [TARGET], {
    inputs: features.inputs.map(({ name }) => name),
    oneHot: categories,
    missing: 'mean',
  });
  const dayOfYear = Array.from({ length: 366 }, (_, day) => day);
  const season = weatherTable(
    dayOfYear.map((day) => ({ date: '', dayOfYear: day, precipitation: 0, wind: 0, weather: '', temperature: 0 })),
    'a year',
  );
  const year = makeTable({
    source: 'a year',
    columns: season.columns.map((column) =>
      column.name.startsWith('season') ? column : { name: column.name, cells: dayOfYear.map(() => '') },
    ),
  });
  return { dayOfYear, x: encodeInputs({ ...averages, scaler: features.scaler }, year).x };
}
