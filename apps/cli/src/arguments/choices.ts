import { didYouMean, quoted } from '@ntk/adapt';
import { OptionError } from '@ntk/tensor';
import type { ValueParser } from './values.ts';

/** The words that an option takes. */
export interface Choices<T extends string> {
  readonly now: readonly T[];
  /** Words that the design has and this version lacks. */
  readonly later?: readonly string[];
}

/** One of some words; a word for later is told apart from an unknown one. */
export function parseChoice<T extends string>({ now, later = [] }: Choices<T>): ValueParser<T> {
  return (text, flag) => {
    const chosen = now.find((word) => word === text);
    if (chosen !== undefined) return chosen;
    if (later.includes(text)) {
      throw new OptionError(`${flag} ${text} is not available yet: this version supports ${now.join(', ')}`);
    }
    throw new OptionError(
      `${flag}: got ${quoted(text)}${didYouMean(text, now)}, expected ${now.length === 1 ? now[0]! : `one of ${now.join(', ')}`}`,
    );
  };
}
