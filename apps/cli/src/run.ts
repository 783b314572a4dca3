import { ACTIONS } from './actions/actions.ts';
import { main } from './main.ts';
import type { ExitCode } from './terminal/exit-code.ts';
import type { Streams } from './terminal/streams.ts';

/** Settings of `run`. */
export interface RunOptions extends Streams {
  /** Whether errors show their stack traces. */
  readonly debug?: boolean;
}

/**
 * Runs the command `ntk`.
 *
 * @param argv - the words after the name of the command
 * @returns the exit code: 0 done, 1 numerical failure, 2 bad usage or input. It never throws: an error is one line on stderr
 */
export async function run(argv: readonly string[], { stdout, stderr, debug = false }: RunOptions): Promise<ExitCode> {
  return main(argv, { stdout, stderr, actions: ACTIONS, debug });
}
