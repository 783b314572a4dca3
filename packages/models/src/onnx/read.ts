import { FormatError, type Network } from '@ntk/tensor';
import { parseOnnx, type OnnxOptions } from './parse.ts';

/**
 * Reads an ONNX model from disk (Node), with the files beside it that hold its tensors.
 *
 * @param path - of the .onnx file
 * @throws what `parseOnnx` throws, and FormatError if a file cannot be read
 */
export async function readOnnx(path: string, options: Omit<OnnxOptions, 'label'> = {}): Promise<Network> {
  // Loaded late, so that the package's entry works in a browser.
  const { readFileSync } = await import('node:fs');
  const { readFile } = await import('node:fs/promises');
  const nodePath = await import('node:path');
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new FormatError(`${path}: got ${error.code} on reading, expected a readable ONNX file; check the path`, {
      cause: error,
    });
  });
  const files = new Map<string, Uint8Array>();
  const external = (location: string): Uint8Array => {
    checkBeside(location, path);
    const known = files.get(location);
    if (known) return known;
    const at = nodePath.join(nodePath.dirname(path), location);
    try {
      const content = readFileSync(at);
      files.set(location, content);
      return content;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new FormatError(
        `${path}: got no readable file ${at} (${code}), expected the tensors of the model in it; copy it there`,
        { cause: error },
      );
    }
  };
  return parseOnnx(bytes, { ...options, label: path, external });
}

/** A model may name files beside it, not files elsewhere on the machine. */
function checkBeside(location: string, path: string): void {
  if (/^([/\\]|[a-z]+:)/i.test(location) || location.split(/[/\\]/).includes('..'))
    throw new FormatError(
      `${path}: got tensors in '${location}', expected a path below the model's own directory; move the file and export the model again`,
    );
}
