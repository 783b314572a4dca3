import { FormatError, OptionError, ShapeError } from '@ntk/tensor';
import { z } from 'zod';
import { didYouMean, listNames, quoted } from './names.ts';
import { inputNames, type InputColumn, type ResolvedScaler } from './schema.ts';

/** One number for all inputs, one for each input in order, or numbers by column name (0 and 1 for those not named). */
export type ScalerValues = number | readonly number[] | Readonly<Record<string, number>>;

/** The scaling that a network was trained with: x becomes (x − mean) / scale. */
export interface InputScaler {
  readonly mean: ScalerValues;
  readonly scale: ScalerValues;
  /** What messages call it: the path of the file. */
  readonly source?: string;
}

const values = z.union([z.number(), z.array(z.number()), z.record(z.string(), z.number())]);
const inputScaler = z.object({ mean: values, scale: values });

/**
 * Checks the content of a scaler file, such as { "mean": [16.4, 3.1], "scale": [7.3, 6.7] }.
 *
 * @param json - what was read from the file
 * @param source - what messages call the file
 * @throws {FormatError} if it holds anything else
 */
export function parseInputScaler(json: unknown, source: string): InputScaler {
  const result = inputScaler.safeParse(json);
  if (result.success) return { mean: result.data.mean, scale: result.data.scale, source };
  throw new FormatError(
    `${source}: got ${json === null ? 'null' : Array.isArray(json) ? 'an array' : `${typeof json} without a valid mean and scale`}, expected an object with "mean" and "scale", each a number, an array of one number an input, or numbers by column name`,
  );
}

/**
 * One mean and scale for each network input.
 *
 * @throws {ShapeError | OptionError} if an array has another length, a name is not an input, or a scale is zero
 */
export function resolveScaler(scaler: InputScaler, inputs: readonly InputColumn[]): ResolvedScaler {
  const { source = 'input scaler' } = scaler;
  const mean = resolveValues(scaler.mean, inputs, { source, part: 'mean', absent: 0 });
  const scale = resolveValues(scaler.scale, inputs, { source, part: 'scale', absent: 1 });
  const bad = scale.indexOf(0);
  if (bad >= 0) {
    throw new OptionError(
      `${source}: the scale of input ${bad + 1} (${inputNames({ inputs })[bad]}) is 0, expected another number; use 1 for a constant column`,
    );
  }
  return { mean, scale };
}

function resolveValues(
  given: ScalerValues,
  inputs: readonly InputColumn[],
  { source, part, absent }: { readonly source: string; readonly part: string; readonly absent: number },
): number[] {
  const names = inputNames({ inputs });
  if (typeof given === 'number') return names.map(() => given);
  if (isList(given)) {
    if (given.length === names.length) return [...given];
    throw new ShapeError(
      `${source}: got ${given.length} numbers in its ${part}, expected ${names.length}; give one for each input (${listNames(names)})`,
    );
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(
      `${source}: its ${part} names ${quoted(unknown)}${didYouMean(unknown, names)}, which is not an input; correct or remove the name: the inputs are ${listNames(names)}`,
    );
  }
  return names.map((name) => (Object.hasOwn(given, name) ? given[name]! : absent));
}

function isList(values: ScalerValues): values is readonly number[] {
  return Array.isArray(values);
}
