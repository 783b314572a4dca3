import { Command } from 'commander';
import { addFlag, valueOption } from './options.ts';
import { addPosteriorRunOptions, type PosteriorRunArguments } from './run-options.ts';
import { parsePath } from './values.ts';

/** What `ntk export` was asked to do. */
export interface ExportArguments extends PosteriorRunArguments {
  readonly command: 'export';
  /** A .ntk file. */
  readonly posterior: string;
  /** Rows at which to compare or evaluate. */
  readonly data: string;
  /** Directory of a LayersModel. */
  readonly model?: string;
  /** A .npz file. */
  readonly arrays?: string;
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  ntk export --posterior adapted.ntk --data new.csv --model adapted-model/
  ntk export --posterior adapted.ntk --data new.csv --arrays new.npz

--model moves the weights of the network by those of the posterior mean. The two agree to first
order only: the report says how far they are apart on the rows of --data. --arrays holds, for these
rows (examples × outputs, output fastest), mean, variance, covariance, jacobian J, kernel J Jᵀ,
prior_variance and noise_variance.
`;

/** The subcommand export; `use` receives what it was asked. */
export function exportCommand(use: (given: ExportArguments) => void): Command {
  const command = new Command('export')
    .summary('write a posterior as a model, or as arrays for NumPy')
    .description('Writes a saved posterior in the formats of other software.')
    .optionsGroup('Posterior and data:')
    .addOption(
      valueOption('--posterior <file>', 'a .ntk file from ntk adapt --save', {
        parse: parsePath,
      }).makeOptionMandatory(),
    )
    .addOption(
      valueOption('--data <file>', 'rows to compare or evaluate at: .csv with a header line, .npy or .npz', {
        parse: parsePath,
      }).makeOptionMandatory(),
    )
    .optionsGroup('Results:')
    .addOption(
      valueOption('--model <directory>', 'write the adapted network as a TensorFlow.js LayersModel', {
        parse: parsePath,
      }),
    )
    .addOption(
      valueOption('--arrays <file>', 'write Jacobian, kernel, mean and covariance as .npz', { parse: parsePath }),
    );
  addFlag(command, '--json', 'print one JSON object instead of text');
  addPosteriorRunOptions(command);
  return command
    .addHelpText('after', EXAMPLES)
    .action((given: Omit<ExportArguments, 'command'>) => use({ ...given, command: 'export' }));
}
