import { FormatError, type Network } from '@ntk/tensor';
import { conversionAdvice, modelFileOf } from './locate.ts';
import { checkModelJson } from './model-json.ts';
import { parseLayersModel, type ParseOptions } from './parse.ts';
import { groupBytes } from './weights.ts';

/** Reads a file beside model.json by its name: from a disk, by fetch, from an archive. */
export type FileReader = (name: string) => Promise<Uint8Array>;

/**
 * Reads a LayersModel from wherever its files are.
 *
 * In a browser: `loadLayersModel('model.json', async (name) => new Uint8Array(await (await fetch(base + name)).arrayBuffer()))`.
 *
 * @param name - of the file that describes the model
 * @param read - gives the content of that file and of those that it names, whose names are relative to it
 * @throws what `parseLayersModel` throws, and FormatError if the file is not JSON or a binary file is missing or has the wrong length
 */
export async function loadLayersModel(name: string, read: FileReader, options: ParseOptions = {}): Promise<Network> {
  const label = options.label ?? name;
  const json = parseJson(await read(name), label);
  const { weightsManifest } = checkModelJson(json, label);
  const parts: Uint8Array[] = [];
  for (const group of weightsManifest) {
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
  return parseLayersModel(json, concatenate(parts), { ...options, label });
}

/**
 * Reads a LayersModel from disk (Node).
 *
 * @param path - model.json, or the directory that holds it
 * @throws what `loadLayersModel` throws, and FormatError if there is no such file, with the command that converts a model of another format
 */
export async function readLayersModel(path: string, options: Omit<ParseOptions, 'label'> = {}): Promise<Network> {
  // Loaded late, so that the package's entry works in a browser.
  const { readFile } = await import('node:fs/promises');
  const nodePath = await import('node:path');
  const file = await modelFileOf(path);
  const folder = nodePath.dirname(file);
  const read = async (name: string): Promise<Uint8Array> => {
    const at = name === file ? file : nodePath.join(folder, name);
    try {
      return await readFile(at);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code;
      if (name === file)
        throw new FormatError(`${file}: got ${reason} on reading, expected a readable model.json; check the path`, {
          cause: error,
        });
      throw new FormatError(
        `${file}: got no readable file ${at} (${reason}), expected the weights file '${name}' beside it; copy it there`,
        { cause: error },
      );
    }
  };
  return loadLayersModel(file, read, options);
}

function parseJson(bytes: Uint8Array, label: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const advice = conversionAdvice(label);
    throw new FormatError(
      `${label}: got a file that is not JSON, expected the model.json of a LayersModel${advice === undefined ? '; export the model again' : `; ${advice}`}`,
      { cause: error },
    );
  }
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
