import { quoted, readNumber, type NoiseOption } from '@ntk/adapt';
import type { LayerSelection } from '@ntk/jacobian';
import { OptionError } from '@ntk/tensor';

/** Turns the text after an option into its value. */
export type ValueParser<T> = (text: string, flag: string) => T;

/** A path; a following option is not taken for one. */
export const parsePath: ValueParser<string> = (text, flag) => {
  if (text !== '' && !text.startsWith('--')) return text;
  throw new OptionError(`${flag}: got ${quoted(text)}, expected the path of a file; write it after ${flag}`);
};

/** 'learn', or a positive variance. */
export const parseVariance: ValueParser<'learn' | number> = (text, flag) => {
  if (text === 'learn') return 'learn';
  const value = decimal(text);
  if (isPositive(value)) return value;
  throw new OptionError(
    `${flag}: got ${quoted(text)}, expected learn or a positive number; ${varianceRemedy([value], flag)}`,
  );
};

/** learn, learn-outputs, a positive variance, or several separated by commas, one for each target. */
export const parseNoise: ValueParser<NoiseOption> = (text, flag) => {
  if (text === 'learn' || text === 'learn-outputs') return text;
  const values = text.split(',').map((word) => decimal(word.trim()));
  if (values.every(isPositive)) return values.length === 1 ? values[0]! : Float64Array.from(values);
  throw new OptionError(
    `${flag}: got ${quoted(text)}, expected learn, learn-outputs, a positive number, or one for each target separated by commas; ${varianceRemedy(values, flag)}`,
  );
};

function isPositive(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

function varianceRemedy(values: readonly (number | undefined)[], flag: string): string {
  return values.includes(0) ? 'for exact data give a small one' : `for example ${flag} 0.1`;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A number of bytes with or without a unit, such as 4GiB or 500MB. */
export const parseBytes: ValueParser<number> = (text, flag) => {
  const [, digits, unit] = /^([\d.]+) *([A-Za-z]*)$/.exec(text) ?? [];
  const [value, factor] = [decimal(digits ?? ''), UNITS[unit ?? '']];
  if (value !== undefined && value > 0 && factor !== undefined) return Math.floor(value * factor);
  throw new OptionError(`${flag}: got ${quoted(text)}, expected a number of bytes, such as 4GiB or 500MB`);
};

/** A tolerance relative to what a solver starts from, strictly between 0 and 1. */
export const parseTolerance: ValueParser<number> = (text, flag) => {
  const value = decimal(text);
  if (value !== undefined && value > 0 && value < 1) return value;
  throw new OptionError(`${flag}: got ${quoted(text)}, expected a number between 0 and 1; for example ${flag} 1e-6`);
};

/** A probability strictly between 0 and 1. */
export const parseInterval: ValueParser<number> = (text, flag) => {
  const value = decimal(text);
  if (value !== undefined && value > 0 && value < 1) return value;
  const percent = value !== undefined && value > 1 && value < 100 ? `${flag} ${value / 100}` : `${flag} 0.95`;
  throw new OptionError(
    `${flag}: got ${quoted(text)}, expected a probability strictly between 0 and 1; for example ${percent}`,
  );
};

/** An integer in a range. */
export function parseInteger(least: number, most: number = Number.MAX_SAFE_INTEGER): ValueParser<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text, flag) => {
    const value = decimal(text);
    if (value !== undefined && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new OptionError(
      `${flag}: got ${quoted(text)}, expected an integer ${range}; for example ${flag} ${Math.max(least, 1)}`,
    );
  };
}

/** all, last, top:K, the names of layers separated by commas, or a pattern with * or ?. */
export const parseLayers: ValueParser<LayerSelection> = (text, flag) => {
  if (text === 'all' || text === 'last') return text;
  const top = /^top:(.*)$/.exec(text)?.[1];
  if (top !== undefined) {
    const value = decimal(top);
    if (value !== undefined && Number.isSafeInteger(value) && value >= 1) return { top: value };
  }
  const names = text.split(',').map((name) => name.trim());
  if (/[*?]/.test(text) && names.length === 1) return { pattern: text };
  if (top === undefined && names.every((name) => name !== '')) return { names };
  throw new OptionError(
    `${flag}: got ${quoted(text)}, expected all, last, top:K with K at least 1, names of layers separated by commas, or a pattern such as 'conv*'; ntk inspect lists the layers`,
  );
};

function decimal(text: string): number | undefined {
  const reading = readNumber(text);
  return reading.kind === 'number' ? reading.value : undefined;
}
