import { decodePosterior, type StoredPosterior } from '@ntk/adapt';
import { readModel } from '@ntk/models';
import { readInputFile } from '../tables/input-file.ts';

/**
 * Reads a .ntk file, and the network that it names where it holds none.
 *
 * @throws {OptionError | FormatError} in one sentence with the file and what to do
 */
export async function readPosterior(path: string): Promise<StoredPosterior> {
  return decodePosterior(await readInputFile(path), path, {
    readNetwork: (reference) =>
      readModel(reference.path, { outputActivation: reference.outputActivation === undefined ? 'keep' : 'logits' }),
  });
}
