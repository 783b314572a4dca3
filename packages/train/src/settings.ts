import { OptionError } from '@ntk/tensor';

/** The numbers that a setting may take: from `least` (itself only if `inclusive`) up to but without `below`. */
export interface Domain {
  readonly least: number;
  readonly inclusive: boolean;
  readonly below: number;
}

/** Larger than 0 and finite. */
export const POSITIVE: Domain = { least: 0, inclusive: false, below: Infinity };

/** At least 0 and finite. */
export const NOT_NEGATIVE: Domain = { least: 0, inclusive: true, below: Infinity };

/** At least 0 and less than 1. */
export const FRACTION: Domain = { least: 0, inclusive: true, below: 1 };

/**
 * Throws unless a setting lies in its domain.
 *
 * @param where - the factory, for the message
 * @throws {OptionError} naming the setting
 */
export function checkSetting(where: string, name: string, value: number, domain: Domain): void {
  const { least, inclusive, below } = domain;
  if ((inclusive ? value >= least : value > least) && value < below) return;
  const bound = below === Infinity ? 'a finite number' : `a number below ${below}`;
  throw new OptionError(
    `${where}: got ${name} ${value}, expected ${bound} ${inclusive ? 'of at least' : 'larger than'} ${least}`,
  );
}

/** Throws OptionError unless a setting is an integer of at least 1. */
export function checkCount(where: string, name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new OptionError(`${where}: got ${name} ${value}, expected an integer of at least 1`);
}
