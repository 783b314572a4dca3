import { FormatError } from '@ntk/tensor';
import type { FileReader } from '../weights-manifest/load.ts';

/**
 * Reads a model.json and the files beside it from disk (Node).
 *
 * @param file - path of the model.json, which is also the name to read it by
 * @throws {FormatError} naming the file that cannot be read
 */
export async function diskReader(file: string): Promise<FileReader> {
  // Loaded late, so that the package's entry works in a browser.
  const { readFile } = await import('node:fs/promises');
  const nodePath = await import('node:path');
  const folder = nodePath.dirname(file);
  return async (name) => {
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
}
