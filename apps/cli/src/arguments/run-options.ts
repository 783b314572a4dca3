import { DEFAULT_MEMORY } from '@ntk/adapt';
import { TFJS_NAMES } from '@ntk/backend-tfjs';
import type { Command } from 'commander';
import type { BackendName } from '../network/open-backend.ts';
import { addFlag, choiceOption, valueOption } from './options.ts';
import { parseBytes, parseInteger, parsePath } from './values.ts';

/** Options that say what a network computes on. */
export interface RunArguments {
  readonly backend: 'auto' | BackendName;
  readonly dtype: 'auto' | 'float64' | 'float32';
}

/** Adds the options of `RunArguments`. */
export function addRunOptions(command: Command): Command {
  return command
    .optionsGroup('Computation:')
    .addOption(
      choiceOption('--backend', 'what runs the network; the tfjs- ones are TensorFlow.js, which has to be installed', {
        now: ['auto', 'ort', 'cpu', ...TFJS_NAMES],
        later: ['webgl', 'webgpu'],
      }),
    )
    .addOption(
      choiceOption('--dtype', 'precision of the products of the network; the linear algebra is float64', {
        now: ['auto', 'float64', 'float32'],
      }),
    );
}

/** Options that say where results go. */
export interface OutputArguments {
  readonly out?: string;
  readonly plot?: string;
  readonly json: boolean;
}

/** Adds the options of `OutputArguments`. */
export function addOutputOptions(
  command: Command,
  defaults: { readonly out?: string; readonly plot?: string } = {},
): Command {
  const path = (value: string | undefined) => ({
    parse: parsePath,
    ...(value === undefined ? {} : { default: value }),
  });
  command
    .optionsGroup('Results:')
    .addOption(
      valueOption(
        '--out <file>',
        'write predictions as .csv, .npy or .npz: mean_, variance_, lower_, upper_',
        path(defaults.out),
      ),
    )
    .addOption(valueOption('--plot <file>', 'write a picture as .svg', path(defaults.plot)));
  return addFlag(command, '--json', 'print one JSON object instead of text');
}

/** The option --memory. */
export function memoryOption(description: string): ReturnType<typeof valueOption> {
  return valueOption('--memory <bytes>', description, { parse: parseBytes, default: DEFAULT_MEMORY, shown: '4GiB' });
}

/** Options that say what a saved posterior computes on. */
export interface PosteriorRunArguments extends RunArguments {
  /** Bytes, where stored data are fitted again. */
  readonly memory: number;
}

/** Adds the options of `PosteriorRunArguments`. */
export function addPosteriorRunOptions(command: Command): Command {
  return addRunOptions(command).addOption(
    memoryOption('memory that the process may use where the file holds training data, which are fitted again'),
  );
}

/** The option --seed. */
export function seedOption(): ReturnType<typeof valueOption> {
  return valueOption('--seed <integer>', 'seed of all random numbers', { parse: parseInteger(0), default: 0 });
}
