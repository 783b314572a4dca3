import cliProgress from 'cli-progress';
import type { TextStream } from './streams.ts';

/** Shows how far a command is. */
export interface Progress {
  /**
   * @param stage - what is being done, in a few words
   * @param done - how much of it
   * @param total - of how much
   */
  update(stage: string, done: number, total: number): void;
  /** Removes the bar; nothing is drawn afterwards. */
  stop(): void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** A bar on a terminal; nothing where output is piped. */
export function progressBar(stream: TextStream): Progress {
  if (stream.isTTY !== true) return SILENT;
  const bar = new cliProgress.SingleBar({
    format: '{stage} [{bar}] {percentage} %',
    stream: stream as NodeJS.WritableStream,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    linewrap: false,
    gracefulExit: false,
  });
  let started = false;
  return {
    update: (stage, done, total) => {
      if (started) {
        bar.setTotal(total);
        bar.update(done, { stage });
      } else {
        bar.start(total, done, { stage });
        started = true;
      }
    },
    stop: () => bar.stop(),
  };
}
