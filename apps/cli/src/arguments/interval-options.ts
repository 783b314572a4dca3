import type { Command } from 'commander';
import { addFlag, valueOption } from './options.ts';
import { parseInterval } from './values.ts';

/** Options that say what a prediction's spread means. */
export interface IntervalArguments {
  readonly interval: number;
  readonly includeNoise: boolean;
}

/** Adds the options of `IntervalArguments`. */
export function addIntervalOptions(command: Command): Command {
  command.optionsGroup('Intervals:').addOption(
    valueOption('--interval <probability>', 'that a new observation lies between lower_ and upper_ (noise included)', {
      parse: parseInterval,
      default: 0.95,
    }),
  );
  const description = 'add the noise to variance_, which is otherwise that of the noise-free function';
  return addFlag(command, '--include-noise', description);
}
