import { quoted, readNumber } from '@ntk/adapt';
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
  if (value !== undefined && value > 0) return value;
  const remedy = value === 0 ? 'for exact data give a small one' : `for example ${flag} 0.1`;
  throw new OptionError(`${flag}: got ${quoted(text)}, expected learn or a positive number; ${remedy}`);
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
