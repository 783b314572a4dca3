import { didYouMean, listNames, quoted } from '@ntk/adapt';
import { OptionError } from '@ntk/tensor';
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { adaptCommand, type AdaptArguments } from './adapt-command.ts';
import { demoCommand, type DemoArguments } from './demo-command.ts';
import { exportCommand, type ExportArguments } from './export-command.ts';
import { inspectCommand, type InspectArguments } from './inspect-command.ts';
import { planCommand, type PlanArguments } from './plan-command.ts';
import { predictCommand, type PredictArguments } from './predict-command.ts';
import { suggestCommand, type SuggestArguments } from './suggest-command.ts';

/** A text to print instead of a command to run. */
export interface HelpRequest {
  readonly command: 'help';
  readonly text: string;
}

/** What a command line asks for. */
export type Invocation =
  | AdaptArguments
  | PlanArguments
  | PredictArguments
  | SuggestArguments
  | ExportArguments
  | InspectArguments
  | DemoArguments
  | HelpRequest;

const LATER = ['data', 'bench'];

/**
 * Reads a command line.
 *
 * @param argv - the words after the name of the command
 * @param width - of the terminal, for help
 * @throws {OptionError} in one sentence, if a command, option or value is unknown or missing
 */
export function parseArguments(argv: readonly string[], width = 100): Invocation {
  const words: { invocation?: Invocation; help: string } = { help: '' };
  const use = (invocation: Invocation): void => {
    words.invocation = invocation;
  };
  const program = new Command('ntk')
    .description('Adapts a trained neural network to new data: linearised, it is a Gaussian process with error bars.')
    .version(manifest.version);
  const commands = [
    adaptCommand(use),
    planCommand(use),
    predictCommand(use),
    suggestCommand(use),
    exportCommand(use),
    inspectCommand(use),
    demoCommand(use),
  ];
  for (const command of commands) program.addCommand(checkNeedsLate(command));
  for (const command of [program, ...commands]) {
    command.configureOutput({
      writeOut: (text) => (words.help += text),
      writeErr: (text) => (words.help += text),
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(width, 100),
      getErrHelpWidth: () => Math.min(width, 100),
    });
    command.exitOverride((error) => {
      throw isHelp(error) ? error : usageError(command, error);
    });
  }
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return helpFor(argv, words.help);
    throw error;
  }
  return words.invocation ?? helpFor(argv, program.helpInformation());
}

/** The parser looks for what is missing before it looks for what is unknown; but a misspelt option is both. */
function checkNeedsLate(command: Command): Command {
  const needed = command.options.filter(({ mandatory }) => mandatory);
  for (const option of needed) option.makeOptionMandatory(false);
  return command.hook('preAction', () => {
    const missing = needed.find((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing === undefined) return;
    const name = `ntk ${command.name()}`;
    throw new OptionError(`${name} needs ${quoted(missing.flags)}; see ${name} --help`);
  });
}

function isHelp({ code }: CommanderError): boolean {
  return ['commander.helpDisplayed', 'commander.help', 'commander.version'].includes(code);
}

/** Help that was asked for; without a command there is nothing to do, which is a mistake. */
function helpFor(argv: readonly string[], text: string): HelpRequest {
  if (argv.length > 0) return { command: 'help', text };
  throw new OptionError(
    'got no command, expected adapt, plan, predict, suggest, export, inspect or demo; ntk --help explains them',
  );
}

/** The parser's complaint as one sentence with what is allowed. */
function usageError(command: Command, error: CommanderError): OptionError {
  const name = command.parent === null ? 'ntk' : `ntk ${command.name()}`;
  const given = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownCommand':
      return unknownCommand(command, given);
    case 'commander.unknownOption': {
      const flags = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long!);
      return new OptionError(
        `${name} has no option ${quoted(given)}${didYouMean(given, flags)}; it has ${listNames(flags)}; see ${name} --help`,
      );
    }
    case 'commander.optionMissingArgument':
      return new OptionError(`${name}: ${quoted(given)} needs a value; see ${name} --help`);
    case 'commander.excessArguments':
      return new OptionError(
        `${name} takes options only, and got ${quoted(command.args[0] ?? '')} without one; see ${name} --help`,
      );
    default:
      return new OptionError(
        `${name}: ${error.message.replace(/^error: /, '').replaceAll(/\s+/g, ' ')}; see ${name} --help`,
      );
  }
}

function unknownCommand(program: Command, given: string): OptionError {
  const names = program.commands.map((command) => command.name());
  if (LATER.includes(given)) {
    return new OptionError(`ntk ${given} is not available yet: this version has ${names.join(', ')}`);
  }
  return new OptionError(
    `ntk has no command ${quoted(given)}${didYouMean(given, names)}; it has ${names.join(', ')}; see ntk --help`,
  );
}
