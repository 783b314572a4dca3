import { Command } from 'commander';
import { addAdaptOptions, type AdaptArguments } from './adapt-command.ts';
import { valueOption } from './options.ts';
import { parsePath } from './values.ts';

/** What `ntk plan` was asked to do: everything that `ntk adapt` may be asked. */
export interface PlanArguments extends Omit<AdaptArguments, 'command'> {
  readonly command: 'plan';
  /** Path for the plan. */
  readonly to?: string;
  /** Path for measured rates. */
  readonly calibrate?: string;
}

const EXAMPLES = `
Examples:
  ntk plan --model mlp/ --data labelled.csv --target y --memory 8GiB
  ntk plan --model mlp/ --data labelled.csv --target y --calibrate rates.json --to plan.json
  ntk adapt --model mlp/ --data labelled.csv --target y --plan plan.json

It takes every option of ntk adapt, computes nothing, and writes only what --to and --calibrate
name. The plan depends on sizes and a fixed table of rates: the same input gives the same plan.
`;

/** The subcommand plan; `use` receives what it was asked. */
export function planCommand(use: (given: PlanArguments) => void): Command {
  const command = new Command('plan')
    .summary('show how adapt would compute, with time and memory of every method; compute nothing')
    .description(
      'Shows every way in which ntk adapt could compute the posterior, what each is expected to take, and which one it would choose.',
    );
  return addAdaptOptions(command)
    .optionsGroup('Plan:')
    .addOption(valueOption('--to <file>', 'write the plan as .json, for ntk adapt --plan', { parse: parsePath }))
    .addOption(
      valueOption('--calibrate <file>', 'measure this machine, plan with that, and write it as .json, for --rates', {
        parse: parsePath,
      }),
    )
    .addHelpText('after', EXAMPLES)
    .action((given: Omit<PlanArguments, 'command'>) => use({ ...given, command: 'plan' }));
}
