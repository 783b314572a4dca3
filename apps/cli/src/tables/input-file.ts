import { didYouMean, quoted } from '@ntk/adapt';
import { FormatError, OptionError } from '@ntk/tensor';
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * The content of a file that a user named.
 *
 * @throws {OptionError} if it is not there, is a directory, or may not be read
 */
export async function readInputFile(path: string): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await readFile(path);
    // A plain array: the slices of a Buffer share its memory.
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    throw await explain(path, error);
  }
}

/**
 * The content of a JSON file that a user named.
 *
 * @throws {OptionError} as `readInputFile`
 * @throws {FormatError} if it is not JSON
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readInputFile(path);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(`${path}: not valid JSON (${reason.replaceAll(/\s+/g, ' ')}); correct the file`, { cause });
  }
}

async function explain(path: string, error: unknown): Promise<Error> {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new OptionError(`there is no file ${quoted(path)}${await suggestion(path)}; check the path`, {
        cause: error,
      });
    case 'EISDIR':
      return new OptionError(`${path} is a directory, expected a file; name the file in it`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new OptionError(`${path} may not be read; change its permissions`, { cause: error });
    default:
      return new OptionError(`${path} could not be read: ${message}`, { cause: error });
  }
}

async function suggestion(path: string): Promise<string> {
  const folder = dirname(path);
  try {
    const names = await readdir(folder);
    const meant = didYouMean(basename(path), names);
    return folder === '.' ? meant : meant.replace(/'(.+)'/, (_, name: string) => `'${join(folder, name)}'`);
  } catch {
    return '';
  }
}
