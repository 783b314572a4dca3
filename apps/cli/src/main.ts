import type { Invocation } from './arguments/parse-arguments.ts';
import { parseArguments } from './arguments/parse-arguments.ts';
import { describeError, exitCodeOf, numericalStatus, type ExitCode } from './terminal/exit-code.ts';
import type { Streams } from './terminal/streams.ts';

/** What a command does; resolves to its exit code. */
export type Action<T extends Invocation> = (given: T, streams: Streams) => Promise<ExitCode>;

/** The actions of all commands, by name. */
export type Actions = {
  readonly [C in Exclude<Invocation['command'], 'help'>]: Action<Extract<Invocation, { readonly command: C }>>;
};

/** Settings of `main`. */
export interface MainOptions extends Streams {
  readonly actions: Actions;
  /** Whether errors show their stack traces. */
  readonly debug: boolean;
}

/**
 * Runs a command line.
 *
 * @param argv - the words after the name of the command
 * @returns the exit code: 0 done, 1 numerical failure, 2 bad usage or input. It never throws: an error is one line on stderr
 */
export async function main(argv: readonly string[], options: MainOptions): Promise<ExitCode> {
  const { stdout, stderr, actions, debug } = options;
  let invocation: Invocation | undefined;
  try {
    invocation = parseArguments(argv, stdout.columns);
    if (invocation.command !== 'help') return await act(invocation, actions, { stdout, stderr });
    stdout.write(invocation.text);
    return 0;
  } catch (error) {
    const code = exitCodeOf(error);
    const status = numericalStatus(error);
    if (invocation !== undefined && 'json' in invocation && invocation.json && status !== undefined) {
      stdout.write(
        `${JSON.stringify({ command: invocation.command, status, message: describeError(error, false) })}\n`,
      );
    }
    stderr.write(`${describeError(error, debug)}\n`);
    return code;
  }
}

function act(
  invocation: Exclude<Invocation, { command: 'help' }>,
  actions: Actions,
  streams: Streams,
): Promise<ExitCode> {
  switch (invocation.command) {
    case 'adapt':
      return actions.adapt(invocation, streams);
    case 'plan':
      return actions.plan(invocation, streams);
    case 'predict':
      return actions.predict(invocation, streams);
    case 'suggest':
      return actions.suggest(invocation, streams);
    case 'export':
      return actions.export(invocation, streams);
    case 'inspect':
      return actions.inspect(invocation, streams);
    case 'demo':
      return actions.demo(invocation, streams);
  }
}
