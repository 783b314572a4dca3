import type { Network } from '@ntk/tensor';
import { diskReader } from '../read-model/disk.ts';
import { jsonFileOf } from '../read-model/locate.ts';
import { loadJson, loadWeights, type FileReader } from '../weights-manifest/load.ts';
import { checkModelJson } from './model-json.ts';
import { parseLayersModel, type ParseOptions } from './parse.ts';

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
  return layersModelFrom(await loadJson(name, read, label), read, { ...options, label });
}

/** The same from a parsed model.json. */
export async function layersModelFrom(
  json: unknown,
  read: FileReader,
  options: ParseOptions & { readonly label: string },
): Promise<Network> {
  const { weightsManifest } = checkModelJson(json, options.label);
  return parseLayersModel(json, await loadWeights(weightsManifest, read, options.label), options);
}

/**
 * Reads a LayersModel from disk (Node).
 *
 * @param path - model.json, or the directory that holds it
 * @throws what `loadLayersModel` throws, and FormatError if there is no such file, with the command that converts a model of another format
 */
export async function readLayersModel(path: string, options: Omit<ParseOptions, 'label'> = {}): Promise<Network> {
  const file = await jsonFileOf(path);
  return loadLayersModel(file, await diskReader(file), options);
}
