import { Command } from 'commander';
import { addIntervalOptions, type IntervalArguments } from './interval-options.ts';
import { valueOption } from './options.ts';
import {
  addOutputOptions,
  addPosteriorRunOptions,
  type OutputArguments,
  type PosteriorRunArguments,
} from './run-options.ts';
import { parsePath } from './values.ts';

/** What `ntk predict` was asked to do. */
export interface PredictArguments extends PosteriorRunArguments, IntervalArguments, OutputArguments {
  readonly command: 'predict';
  /** A .ntk file. */
  readonly posterior: string;
  readonly data: string;
}

const EXAMPLES = `
Example:
  ntk predict --posterior adapted.ntk --data new.csv --out predictions.csv

Columns are found by name, and encoded and scaled as they were when the posterior was made. If the
table also has the target columns, the predictions are scored against them.
`;

/** The subcommand predict; `use` receives what it was asked. */
export function predictCommand(use: (given: PredictArguments) => void): Command {
  const command = new Command('predict')
    .summary('predict the rows of a table with a saved posterior')
    .description(
      'Predicts the rows of a table with a posterior that ntk adapt saved. The training data are not needed.',
    )
    .optionsGroup('Posterior and data:')
    .addOption(
      valueOption('--posterior <file>', 'a .ntk file from ntk adapt --save', {
        parse: parsePath,
      }).makeOptionMandatory(),
    )
    .addOption(
      valueOption('--data <file>', 'rows to predict: .csv with a header line, .npy or .npz', {
        parse: parsePath,
      }).makeOptionMandatory(),
    );
  addIntervalOptions(command);
  addOutputOptions(command);
  addPosteriorRunOptions(command);
  return command
    .addHelpText('after', EXAMPLES)
    .action((given: Omit<PredictArguments, 'command'>) => use({ ...given, command: 'predict' }));
}
