import { FormatError } from '@ntk/tensor';
import { conversionAdvice } from '../read-model/locate.ts';
import { groupBytes } from './decode.ts';
import type { WeightsGroup } from './weights-group.ts';

/** Reads a file beside model.json by its name: from a disk, by fetch, from an archive. */
export type FileReader = (name: string) => Promise<Uint8Array>;

/** The content of a model.json. @throws {FormatError} if it is not JSON */
export async function loadJson(name: string, read: FileReader, label: string): Promise<unknown> {
  const bytes = await read(name);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FormatError(
      `${label}: got a file that is not JSON, expected a model.json; ${conversionAdvice(label) ?? 'export the model again'}`,
      { cause: error },
    );
  }
}

/**
 * The binary files that a manifest lists, one after the other.
 *
 * @param read - takes names relative to the model.json
 * @throws {FormatError} if a group's files have too few or too many bytes, or lie elsewhere than below the model's directory
 */
export async function loadWeights(
  manifest: readonly WeightsGroup[],
  read: FileReader,
  label: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const group of manifest) {
    group.paths.forEach((path) => checkRelative(path, label));
    const files = await Promise.all(group.paths.map((path) => read(path)));
    const got = files.reduce((sum, file) => sum + file.length, 0);
    const expected = groupBytes(group, label);
    if (got !== expected) {
      throw new FormatError(
        `${label}: got ${got} bytes in the weights file${group.paths.length === 1 ? '' : 's'} ${group.paths.join(', ')}, expected ${expected}; copy ${group.paths.length === 1 ? 'it' : 'them'} again from where the model was exported`,
      );
    }
    parts.push(...files);
  }
  return concatenate(parts);
}

/** A model may name files beside it, not files elsewhere on the machine. */
function checkRelative(path: string, label: string): void {
  if (/^([/\\]|[a-z]+:)/i.test(path) || path.split(/[/\\]/).includes('..')) {
    throw new FormatError(
      `${label}: got the weights file '${path}', expected a path below the model's own directory; move the file and correct the path`,
    );
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
