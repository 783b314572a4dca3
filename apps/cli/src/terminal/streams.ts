/** A place to write text, such as process.stdout. */
export interface TextStream {
  write(text: string): unknown;
  /** Whether a person watches: progress is drawn only then. */
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
}

/** Where a command writes: results to `stdout`, everything else to `stderr`. */
export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}
