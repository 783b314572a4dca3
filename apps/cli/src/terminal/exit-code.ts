import { NtkError } from '@ntk/tensor';

/** 0: done. 1: the numbers failed, or the program did. 2: bad usage or input. */
export type ExitCode = 0 | 1 | 2;

/** Failures of the arithmetic, not of the caller. */
const NUMERICAL = ['SolveError', 'NumericalError', 'DivergenceError'];

/** Errors of a caller, by name: two installed copies of a package then still agree. */
const USAGE = [
  'DTypeError',
  'FormatError',
  'OptionError',
  'OwnershipError',
  'ProgramError',
  'ShapeError',
  'TagError',
  'UnsupportedError',
];

/** Whether an error is a failure of the arithmetic. */
export function isNumericalFailure(error: unknown): error is Error {
  return error instanceof Error && NUMERICAL.includes(error.name);
}

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof Error) || NUMERICAL.includes(error.name)) return 1;
  return USAGE.includes(error.name) || error instanceof NtkError ? 2 : 1;
}

/** How a computation failed, in the words of a Solution; undefined for any other error. */
export function numericalStatus(error: unknown): string | undefined {
  if (!isNumericalFailure(error)) return undefined;
  const { status, solution } = error as { status?: string; solution?: { status?: string } };
  return status ?? solution?.status ?? 'breakdown';
}

/**
 * What a user reads about an error: one line, without a stack trace.
 *
 * @param debug - adds the stack trace and the causes
 */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `ntk: ${String(error)}`;
  if (debug) return `ntk: ${stackOf(error)}`;
  const message = error.message.replaceAll(/\s*\n\s*/g, ' ').trim();
  const expected = NUMERICAL.includes(error.name) || exitCodeOf(error) === 2;
  return expected ? `ntk: ${message}` : `ntk: unexpected ${error.name}: ${message} (NTK_DEBUG=1 shows where)`;
}

function stackOf(error: Error): string {
  const { stack = error.message, cause } = error;
  return cause instanceof Error ? `${stack}\ncaused by: ${stackOf(cause)}` : stack;
}
