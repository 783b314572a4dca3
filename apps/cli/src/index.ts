export { run } from './run.ts';
export type { RunOptions } from './run.ts';
export type { ExitCode } from './terminal/exit-code.ts';
export type { Streams, TextStream } from './terminal/streams.ts';
