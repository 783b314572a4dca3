import type { ReadModelOptions } from '@ntk/models';
import { OptionError } from '@ntk/tensor';
import type { Command } from 'commander';
import { choiceOption, listOption, valueOption } from './options.ts';
import { parsePath } from './values.ts';

/** Options that say which network to read, and how. */
export interface ModelArguments {
  /** Directory with model.json, the file, or an .onnx file; also a .ntk file where the command takes one. */
  readonly model: string;
  readonly outputActivation: 'logits' | 'keep';
  /** Entries as written: NAME=EXTENT,EXTENT,…. */
  readonly inputShape?: readonly string[];
}

/** Adds the options of `ModelArguments`. @param description - what --model takes */
export function addModelOptions(command: Command, description: string): Command {
  return command
    .addOption(valueOption('--model <path>', description, { parse: parsePath }).makeOptionMandatory())
    .addOption(
      choiceOption(
        '--output-activation',
        'a final softmax or sigmoid: split off, so that logits are adapted, or kept',
        { now: ['logits', 'keep'] },
      ),
    )
    .addOption(
      listOption(
        '--input-shape <name=extents>',
        'shape of an example where a GraphModel or an ONNX file leaves it open: x=224,224,3',
      ),
    );
}

/**
 * How `readModel` is to read the network.
 *
 * @throws {OptionError} if an entry of --input-shape is not a name and positive whole numbers
 */
export function readModelOptions({ outputActivation, inputShape = [] }: ModelArguments): ReadModelOptions {
  const shapes = inputShape.map((entry): [string, number[]] => {
    const at = entry.lastIndexOf('=');
    const extents = entry
      .slice(at + 1)
      .split(',')
      .map(Number);
    if (at < 1 || !extents.every((extent) => Number.isInteger(extent) && extent > 0))
      throw new OptionError(
        `--input-shape: got '${entry}', expected the name of an input and the extents of an example; for example --input-shape x=224,224,3`,
      );
    return [entry.slice(0, at), extents];
  });
  return { outputActivation, inputShapes: Object.fromEntries(shapes) };
}
