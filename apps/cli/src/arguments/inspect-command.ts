import { Command } from 'commander';
import { addFeatureOptions, type FeatureArguments } from './data-options.ts';
import { addModelOptions, type ModelArguments } from './model-options.ts';
import { addFlag, listOption, valueOption } from './options.ts';
import { addRunOptions, type RunArguments } from './run-options.ts';
import { parsePath } from './values.ts';

/** What `ntk inspect` was asked to do. */
export interface InspectArguments extends ModelArguments, FeatureArguments, RunArguments {
  readonly command: 'inspect';
  /** Rows whose kernel spectrum is wanted. */
  readonly data?: string;
  /** Columns that are no inputs. */
  readonly target?: readonly string[];
  readonly json: boolean;
}

const EXAMPLES = `
Examples:
  ntk inspect --model mlp/
  ntk inspect --model resnet.onnx
  ntk inspect --model mlp/ --data labelled.csv --target temp_max
`;

/** The subcommand inspect; `use` receives what it was asked. */
export function inspectCommand(use: (given: InspectArguments) => void): Command {
  const command = new Command('inspect')
    .summary('show the layers and parameters of a network, and the spectrum of its kernel')
    .description(
      'Shows the layers and parameters of a network, what is unusual about its file and, for a table of inputs, the spectrum of its tangent kernel.',
    );
  addModelOptions(
    command.optionsGroup('Network and data:'),
    'directory with model.json, the file, an .onnx file, or a .ntk file',
  )
    .addOption(valueOption('--data <file>', 'inputs for the spectrum: .csv, .npy or .npz', { parse: parsePath }))
    .addOption(listOption('--target <names>', 'columns of --data that are no inputs, separated by commas'));
  addFeatureOptions(command);
  addFlag(addRunOptions(command).optionsGroup('Results:'), '--json', 'print one JSON object instead of text');
  return command
    .addHelpText('after', EXAMPLES)
    .action((given: Omit<InspectArguments, 'command'>) => use({ ...given, command: 'inspect' }));
}
