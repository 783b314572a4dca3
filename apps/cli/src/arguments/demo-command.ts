import { Command } from 'commander';
import { valueOption } from './options.ts';
import { addOutputOptions, addRunOptions, seedOption, type OutputArguments, type RunArguments } from './run-options.ts';
import { parseInteger, parsePath } from './values.ts';

/** What `ntk demo` was asked to do. */
export interface DemoArguments extends RunArguments, OutputArguments {
  readonly command: 'demo';
  readonly out: string;
  readonly plot: string;
  readonly save?: string;
  /** Labelled days of the target city. */
  readonly days: number;
  readonly seed: number;
}

/** The subcommand demo; `use` receives what it was asked. */
export function demoCommand(use: (given: DemoArguments) => void): Command {
  const command = new Command('demo')
    .summary('train on the weather of Seattle, adapt to New York: real data, no file needed')
    .description(
      'Trains a small network on the daily temperatures of Seattle (2012-2015), adapts it to New York with a few dozen days, and compares it on all other days with the untouched network, last-layer retraining and a Gaussian process with an RBF kernel.',
    )
    .optionsGroup('Data:')
    .addOption(
      valueOption('--days <count>', 'labelled days in New York', { parse: parseInteger(5, 500), default: 40 }),
    );
  addOutputOptions(command, { out: 'predictions.csv', plot: 'plot.svg' }).addOption(
    valueOption('--save <file>', 'write the posterior as .ntk, for ntk predict', { parse: parsePath }),
  );
  addRunOptions(command).addOption(seedOption());
  return command.action((given: Omit<DemoArguments, 'command'>) => use({ ...given, command: 'demo' }));
}
