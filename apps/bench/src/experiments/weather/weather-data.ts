import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { makeTable, type Table } from '@ntk/adapt';
import { FormatError } from '@ntk/tensor';
import { parse } from 'csv-parse/sync';

/** A city of the data set. */
export type City = 'Seattle' | 'New York';

/** One day of weather. */
export interface WeatherDay {
  /** ISO date, such as 2012-01-31. */
  readonly date: string;
  /** Day of the year, 0 for 1 January. */
  readonly dayOfYear: number;
  /** mm */
  readonly precipitation: number;
  /** m/s */
  readonly wind: number;
  /** drizzle, fog, rain, snow or sun */
  readonly weather: string;
  /** °C, the target */
  readonly temperature: number;
}

/** Kinds of weather, in the order of the network's inputs. */
export const WEATHER_KINDS = ['drizzle', 'fog', 'rain', 'snow', 'sun'] as const;

/** The name of the target column. */
export const TARGET = 'temp_max';

/**
 * Daily weather of Seattle and New York, 2012 to 2015: `weather.csv` of the npm package vega-datasets (BSD-3-Clause; from NOAA).
 *
 * @returns the days of a city, in order
 * @throws {FormatError} if the file is not as expected
 */
export async function loadWeather(city: City): Promise<WeatherDay[]> {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  const path = join(dirname(entry), '..', 'data', 'weather.csv');
  const records = parse<Record<string, string>>(await readFile(path, 'utf8'), { columns: true });
  const days = records.filter((record) => record['location'] === city).map(readDay);
  if (
    days.length === 0 ||
    days.some((day) => Number.isNaN(day.temperature + day.wind + day.precipitation + day.dayOfYear))
  ) {
    throw new FormatError(
      `${path}: got ${days.length} days of ${city} with missing numbers, expected the weather.csv of vega-datasets 3; install it again`,
    );
  }
  return days;
}

function readDay(record: Record<string, string>): WeatherDay {
  const date = record['date'] ?? '';
  const start = Date.parse(`${date.slice(0, 4)}-01-01`);
  return {
    date,
    dayOfYear: Math.round((Date.parse(date) - start) / 86_400_000),
    precipitation: Number(record['precipitation']),
    wind: Number(record['wind']),
    weather: record['weather'] ?? '',
    temperature: Number(record[TARGET]),
  };
}

/** Days as a table: the season as a point on a circle, so that December and January meet, and the other columns as they are. */
export function weatherTable(days: readonly WeatherDay[], source: string): Table {
  const column = (name: string, cell: (day: WeatherDay) => number | string) => ({ name, cells: days.map(cell) });
  const angle = (day: WeatherDay): number => (2 * Math.PI * day.dayOfYear) / 365.25;
  return makeTable({
    source,
    columns: [
      column('date', (day) => day.date),
      column('season_sin', (day) => Math.sin(angle(day))),
      column('season_cos', (day) => Math.cos(angle(day))),
      column('precipitation', (day) => day.precipitation),
      column('wind', (day) => day.wind),
      column('weather', (day) => day.weather),
      column(TARGET, (day) => day.temperature),
    ],
    describeRow: (row) => `day ${days[row]?.date ?? row}`,
  });
}
