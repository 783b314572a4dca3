import { OptionError } from '@ntk/tensor';
import { randomUUID } from 'node:crypto';
import { copyFile, link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** A file to write. */
export interface OutputFile {
  readonly path: string;
  readonly content: Uint8Array | string;
}

/**
 * Checks, before any work, that files can be written where a user wants them.
 *
 * @param paths - of the outputs
 * @param inputs - files that are read, which no output may replace
 * @throws {OptionError} naming the path and what is wrong with it
 */
export async function checkOutputs(paths: readonly string[], inputs: readonly string[] = []): Promise<void> {
  const taken = new Set(inputs.map((path) => resolve(path)));
  const seen = new Set<string>();
  for (const path of paths) {
    const full = resolve(path);
    if (taken.has(full))
      throw new OptionError(`${path} is an input and would be overwritten; choose another name for the output`);
    if (seen.has(full)) throw new OptionError(`${path} is named for two outputs; choose another name for one`);
    seen.add(full);
    await checkPlace(path, full);
  }
}

async function checkPlace(path: string, full: string): Promise<void> {
  const folder = await stat(dirname(full)).catch(() => undefined);
  if (!folder?.isDirectory()) {
    throw new OptionError(`cannot write ${path}: there is no directory '${dirname(path)}'; create it first`);
  }
  const present = await stat(full).catch(() => undefined);
  if (present !== undefined && !present.isFile()) {
    throw new OptionError(
      `cannot write ${path}: it is ${present.isDirectory() ? 'a directory' : 'not a regular file'}; name a file`,
    );
  }
}

/**
 * Writes files so that each appears whole and all appear together, at the end: every one is written under another name beside
 * its place, then all are renamed. Existing files are replaced. Where a rename fails, those before it are undone.
 *
 * @throws {OptionError} if one can't be written; nothing is left behind then, and older files are as they were
 */
export async function writeOutputs(files: readonly OutputFile[]): Promise<void> {
  const staged = files.map(({ path, content }) => {
    const beside = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}`);
    return { path, content, temporary: `${beside}.tmp`, older: `${beside}.old` };
  });
  const placed: Placed[] = [];
  try {
    for (const { temporary, content } of staged) await writeDurably(temporary, content);
    for (const { temporary, path, older } of staged) {
      const kept = await keepOlder(path, older);
      await rename(temporary, path);
      placed.unshift({ path, older, kept });
    }
  } catch (error) {
    const lost = await takeBack(placed);
    const own = staged.flatMap(({ temporary, older }) => [temporary, older]);
    await removeAll(own.filter((path) => !lost.includes(path)));
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OptionError(
      `cannot write ${files.map(({ path }) => path).join(', ')}: ${code ?? message}; check space and permissions`,
      {
        cause: error,
      },
    );
  }
  await removeAll(staged.map(({ older }) => older));
}

/** Gives an existing file a second name, so that it can be brought back; whether there was one. */
async function keepOlder(path: string, older: string): Promise<boolean> {
  const present = await stat(path).catch(() => undefined);
  if (!present?.isFile()) return false;
  // Not every file system has hard links.
  await link(path, older).catch(() => copyFile(path, older));
  return true;
}

/** A file that has its name, and the one that had it before, if there was one. */
interface Placed {
  readonly path: string;
  readonly older: string;
  readonly kept: boolean;
}

/** Undoes renames, the last first; the older files that could not be brought back, which are the only copies. */
async function takeBack(placed: readonly Placed[]): Promise<string[]> {
  const lost: string[] = [];
  for (const { path, older, kept } of placed) {
    const undone = kept ? rename(older, path) : rm(path, { force: true });
    await undone.catch(() => (kept ? lost.push(older) : undefined));
  }
  return lost;
}

async function removeAll(paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map((path) => rm(path, { force: true })));
}

/** Flushed to the disk before the rename, so that a crash can't leave an empty file under the final name. */
async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
