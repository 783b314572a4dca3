import { quoted, readNumber, type VarianceChoice } from '@ntk/adapt';
import { OptionError } from '@ntk/tensor';
import type { Command } from 'commander';
import { choiceOption, valueOption } from './options.ts';
import { parseInteger, parsePath, type ValueParser } from './values.ts';

/** Options that say what is saved of a posterior. */
export interface SaveArguments {
  /** A .ntk file. */
  readonly save?: string;
  readonly saveVariance: VarianceChoice;
  readonly saveNetwork: 'inside' | 'path';
  /** Most mebibytes for variances. */
  readonly saveSize: number;
}

/** Adds the options of `SaveArguments`. */
export function addSaveOptions(command: Command): Command {
  return command
    .optionsGroup('Posterior file:')
    .addOption(
      valueOption('--save <file>', 'write the posterior as .ntk, for ntk predict, suggest and export', {
        parse: parsePath,
      }),
    )
    .addOption(
      valueOption(
        '--save-variance <form>',
        'where variances come from: auto, the exact root if it fits, else one of lower rank; root or root:RANK; samples or samples:COUNT; exact, the training data; none',
        { parse: parseVarianceChoice, default: { kind: 'auto' }, shown: 'auto' },
      ),
    )
    .addOption(
      choiceOption('--save-network', 'put the network into the file, or name its path and digest', {
        now: ['inside', 'path'],
      }),
    )
    .addOption(
      valueOption('--save-size <MiB>', 'most room for a root or samples', { parse: parseInteger(1), default: 512 }),
    )
    .hook('preAction', checkSaved);
}

/** What says how to save would do nothing without a file. */
function checkSaved(command: Command): void {
  if (command.getOptionValue('save') !== undefined) return;
  const idle = command.options.find(
    (option) => option.long!.startsWith('--save-') && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (idle === undefined) return;
  throw new OptionError(
    `${idle.long!} says what --save writes, and there is no --save; name a file with --save, or leave ${idle.long!} out`,
  );
}

const parseVarianceChoice: ValueParser<VarianceChoice> = (text, flag) => {
  const [kind, number] = text.split(':', 2);
  if (number === undefined && (kind === 'auto' || kind === 'exact' || kind === 'none')) return { kind };
  if (kind === 'root' || kind === 'samples') {
    if (number === undefined) return { kind };
    const reading = readNumber(number);
    if (reading.kind === 'number' && Number.isSafeInteger(reading.value) && reading.value >= 1)
      return kind === 'root' ? { kind, rank: reading.value } : { kind, count: reading.value };
  }
  throw new OptionError(
    `${flag}: got ${quoted(text)}, expected auto, root, root:RANK, samples, samples:COUNT, exact or none`,
  );
};
