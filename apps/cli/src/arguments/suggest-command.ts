import { Command } from 'commander';
import { addFlag, valueOption } from './options.ts';
import { addPosteriorRunOptions, type PosteriorRunArguments } from './run-options.ts';
import { parseInteger, parsePath } from './values.ts';

/** What `ntk suggest` was asked to do. */
export interface SuggestArguments extends PosteriorRunArguments {
  readonly command: 'suggest';
  /** A .ntk file. */
  readonly posterior: string;
  /** Rows to choose from. */
  readonly data: string;
  readonly count: number;
  readonly block: number;
  readonly out?: string;
  readonly json: boolean;
}

const EXAMPLES = `
Example:
  ntk suggest --posterior adapted.ntk --data unlabelled.csv --count 5 --out label-next.csv

The columns of the output: row, the row of the table, counted from 1 after the header; and gain, the
information that its label is expected to give about the function, in nats, when the rows before it
are labelled too.
`;

/** The subcommand suggest; `use` receives what it was asked. */
export function suggestCommand(use: (given: SuggestArguments) => void): Command {
  const command = new Command('suggest')
    .summary('choose the rows of a table whose labels would tell most')
    .description(
      'Chooses the unlabelled rows of a table whose labels would tell most about the function that a saved posterior describes.',
    )
    .optionsGroup('Posterior and data:')
    .addOption(
      valueOption('--posterior <file>', 'a .ntk file from ntk adapt --save', {
        parse: parsePath,
      }).makeOptionMandatory(),
    )
    .addOption(
      valueOption('--data <file>', 'rows to choose from: .csv with a header line, .npy or .npz', {
        parse: parsePath,
      }).makeOptionMandatory(),
    )
    .optionsGroup('Choice:')
    .addOption(valueOption('--count <rows>', 'rows to choose', { parse: parseInteger(1), default: 10 }))
    .addOption(
      valueOption('--block <rows>', 'rows to choose at once, by what each tells alone: faster, less diverse', {
        parse: parseInteger(1),
        default: 1,
      }),
    )
    .optionsGroup('Results:')
    .addOption(valueOption('--out <file>', 'write row and gain as .csv, .npy or .npz', { parse: parsePath }));
  addFlag(command, '--json', 'print one JSON object instead of text');
  addPosteriorRunOptions(command);
  return command
    .addHelpText('after', EXAMPLES)
    .action((given: Omit<SuggestArguments, 'command'>) => use({ ...given, command: 'suggest' }));
}
