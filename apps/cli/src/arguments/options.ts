import { OptionError } from '@ntk/tensor';
import { Option, type Command } from 'commander';
import { parseChoice, type Choices } from './choices.ts';
import type { ValueParser } from './values.ts';

/** How an option reads its value. */
export interface ValueOption<T> {
  readonly parse: ValueParser<T>;
  readonly default?: T;
  /** How help shows the default, where it is not its own text. */
  readonly shown?: string;
}

/** An option with one value, which may be given once. */
export function valueOption<T>(flags: string, description: string, value: ValueOption<T>): Option {
  const option = new Option(flags, description);
  if (value.default !== undefined) option.default(value.default, value.shown ?? String(value.default));
  let given = false;
  return option.argParser((text: string) => {
    if (given) throw new OptionError(`${option.long!} is given twice; give it once`);
    given = true;
    return value.parse(text, option.long!);
  });
}

/** Words that help shows beside the flag, in characters; more of them go into the description. */
const SHOWN_WORDS = 40;

/** An option with one of some words; the first is the default. While there is only one, help does not show it. */
export function choiceOption<T extends string>(flag: string, description: string, choices: Choices<T>): Option {
  const { now } = choices;
  const words = now.join('|');
  const value = { parse: parseChoice(choices), default: now[0]! };
  const option =
    words.length <= SHOWN_WORDS
      ? valueOption(`${flag} <${words}>`, description, value)
      : valueOption(`${flag} <name>`, `${description}: ${now.join(', ')}`, value);
  return option.hideHelp(now.length === 1);
}

/** Adds an option without a value: false unless given, which help need not say. */
export function addFlag(command: Command, flag: string, description: string): Command {
  const option = new Option(flag, description);
  return command.addOption(option).setOptionValue(option.attributeName(), false);
}

/** An option that may be repeated; its values are gathered in order. */
export function listOption(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string, earlier: readonly string[] | undefined) => {
    if (text === '' || text.startsWith('--')) {
      throw new OptionError(
        `${option.long!}: got '${text}', expected the name of a column; write it after ${option.long!}`,
      );
    }
    return [...(earlier ?? []), text];
  });
}
