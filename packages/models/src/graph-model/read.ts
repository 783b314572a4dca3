import type { Network } from '@ntk/tensor';
import { loadJson, loadWeights, type FileReader } from '../weights-manifest/load.ts';
import { checkGraphJson } from './graph-json.ts';
import { parseGraphModel, type GraphModelOptions } from './parse.ts';

/**
 * Reads a GraphModel from wherever its files are.
 *
 * @param name - of the file that describes the model
 * @param read - gives the content of that file and of those that it names, whose names are relative to it
 * @throws what `parseGraphModel` throws, and FormatError if the file is not JSON or a binary file is missing or has the wrong length
 */
export async function loadGraphModel(
  name: string,
  read: FileReader,
  options: GraphModelOptions = {},
): Promise<Network> {
  const label = options.label ?? name;
  return graphModelFrom(await loadJson(name, read, label), read, { ...options, label });
}

/** The same from a parsed model.json. */
export async function graphModelFrom(
  json: unknown,
  read: FileReader,
  options: GraphModelOptions & { readonly label: string },
): Promise<Network> {
  const { weightsManifest } = checkGraphJson(json, options.label);
  return parseGraphModel(json, await loadWeights(weightsManifest, read, options.label), options);
}
