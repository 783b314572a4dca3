import type { PreconditionerKind, Solver, Space } from '@ntk/adapt';
import type { Command } from 'commander';
import { choiceOption, valueOption } from './options.ts';
import { memoryOption } from './run-options.ts';
import { parsePath, parseTolerance } from './values.ts';

/** Options that say how a posterior is computed, as far as the plan is not free to choose. */
export interface PlanningArguments {
  readonly space: Space | 'auto';
  readonly solver: Solver | 'auto';
  readonly preconditioner: PreconditionerKind | 'auto';
  /** Relative residual of an iterative solver. */
  readonly rtol?: number;
  /** Bytes. */
  readonly memory: number;
  /** Path of a plan to follow. */
  readonly plan?: string;
  /** Path of measured rates. */
  readonly rates?: string;
}

/** Adds the options of `PlanningArguments`. */
export function addPlanningOptions(command: Command): Command {
  return command
    .optionsGroup('Method (ntk plan shows the choices):')
    .addOption(
      choiceOption('--space', 'solve over examples or over weights', { now: ['auto', 'function', 'parameter'] }),
    )
    .addOption(
      choiceOption('--solver', 'a Cholesky factor, conjugate gradients, or LSMR', {
        now: ['auto', 'cholesky', 'cg', 'lsmr'],
        later: ['lanczos'],
      }),
    )
    .addOption(
      choiceOption('--preconditioner', 'of conjugate gradients', {
        now: ['auto', 'none', 'jacobi', 'pivoted-cholesky', 'nystrom'],
      }),
    )
    .addOption(
      valueOption(
        '--rtol <number>',
        'relative residual, for LSMR relative gradient, at which an iterative solver stops (default: 1e-6)',
        {
          parse: parseTolerance,
        },
      ),
    )
    .addOption(memoryOption('memory that the process may use'))
    .addOption(valueOption('--plan <file>', 'a plan to follow, written by ntk plan --to', { parse: parsePath }))
    .addOption(
      valueOption('--rates <file>', 'how fast this machine is, written by ntk plan --calibrate', { parse: parsePath }),
    );
}
