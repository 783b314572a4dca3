import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Where and of what a run was made. */
export interface Environment {
  /** The commit of the checkout, with '+' where files differ from it; null outside a checkout. */
  readonly commit: string | null;
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  /** Processes that wanted to run in the last minute. */
  readonly load: number;
  readonly date: string;
}

/** Describes the machine and the checkout, for the JSON of a run. */
export function environment(): Environment {
  const git = (...words: string[]): string | null => {
    const { status, stdout } = spawnSync('git', words, {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    });
    return status === 0 ? stdout.trim() : null;
  };
  const commit = git('rev-parse', 'HEAD');
  return {
    commit:
      commit === null ? null : `${commit}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    load: loadavg()[0]!,
    date: new Date().toISOString(),
  };
}
