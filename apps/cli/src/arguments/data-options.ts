import type { MissingPolicy } from '@ntk/adapt';
import type { Command } from 'commander';
import { choiceOption, listOption, valueOption } from './options.ts';
import { parsePath } from './values.ts';

/** Options that say how columns become network inputs. */
export interface FeatureArguments {
  /** Entries as written: names, or lists of names separated by commas. */
  readonly inputs?: readonly string[];
  /** Entries as written: names, lists of names, or NAME=CATEGORY,CATEGORY,…. */
  readonly oneHot?: readonly string[];
  readonly missing: MissingPolicy;
  /** Path of a JSON file with mean and scale. */
  readonly inputScaler?: string;
}

/** Adds the options of `FeatureArguments`. */
export function addFeatureOptions(command: Command): Command {
  return command
    .optionsGroup('Columns:')
    .addOption(
      listOption(
        '--inputs <names>',
        "columns in the order of the network's inputs, separated by commas (default: all columns but the target)",
      ),
    )
    .addOption(
      listOption(
        '--one-hot <names>',
        'columns of categories, each becoming one input a category; sorted, or in the order given by NAME=A,B,C',
      ),
    )
    .addOption(
      choiceOption('--missing', 'a row with a missing cell: an error, left out, or filled with the training mean', {
        now: ['error', 'drop', 'mean'],
      }),
    )
    .addOption(
      valueOption(
        '--input-scaler <file>',
        'JSON with the "mean" and "scale" that the network was trained with, as numbers, arrays or by column name',
        { parse: parsePath },
      ),
    )
    .addOption(choiceOption('--preprocess', '', { now: ['none'], later: ['0..1', '-1..1', 'imagenet'] }));
}

/** Adds options of later versions, so that they are told apart from misspelt ones. */
export function addLaterOptions(command: Command): Command {
  return command.addOption(choiceOption('--class-weight', '', { now: ['none'], later: ['balanced'] }));
}
