import { FormatError, UnsupportedError } from '@ntk/tensor';

/** What to do with a model of another format, by the ending of its file. */
const advice: readonly (readonly [ending: RegExp, format: string, remedy: (file: string) => string])[] = [
  [
    /\.keras$/i,
    'a Keras 3 file',
    (file) =>
      `convert it by: tensorflowjs_converter --input_format=keras_keras --output_format=tfjs_layers_model ${file} model`,
  ],
  [
    /\.(h5|hdf5)$/i,
    'a Keras HDF5 file',
    (file) => `convert it by: tensorflowjs_converter --input_format=keras ${file} model`,
  ],
  [
    /saved_model\.pb$/i,
    'a TensorFlow SavedModel',
    (file) =>
      `if Keras wrote it, convert its directory by: tensorflowjs_converter --input_format=keras_saved_model --output_format=tfjs_layers_model ${file.replace(/[/\\]?saved_model\.pb$/i, '') || '.'} model`,
  ],
  [
    /\.onnx$/i,
    'an ONNX file',
    () =>
      'this version reads LayersModels only: build the network in Keras, set its weights, save it as model.h5, and convert that by: tensorflowjs_converter --input_format=keras model.h5 model',
  ],
  [
    /\.(pt|pth|ckpt|safetensors|npz|pkl)$/i,
    'weights without a network',
    () =>
      'build the network in Keras, set its weights, save it as model.h5, and convert that by: tensorflowjs_converter --input_format=keras model.h5 model',
  ],
];

/** One sentence on how to convert a file, if its ending tells a known format. */
export function conversionAdvice(file: string): string | undefined {
  return advice.find(([ending]) => ending.test(file))?.[2](file);
}

/**
 * The model.json that a path means: the file itself, or the one in the directory.
 *
 * @throws {UnsupportedError} for a model of another format, with the command that converts it
 * @throws {FormatError} if there is nothing, or a directory without model.json
 */
export async function modelFileOf(path: string): Promise<string> {
  const { readdir, stat } = await import('node:fs/promises');
  const nodePath = await import('node:path');
  rejectOtherFormats(path);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new FormatError(
      `${path}: got no such file or directory, expected model.json or the directory that holds it; check the path`,
    );
  if (!found.isDirectory()) return path;
  const names = await readdir(path);
  if (names.includes('model.json')) return nodePath.join(path, 'model.json');
  for (const name of names) rejectOtherFormats(nodePath.join(path, name));
  throw new FormatError(
    `${path}: got a directory without model.json, expected the directory of a LayersModel; name the right one, or export the model by model.save() or tensorflowjs_converter`,
  );
}

function rejectOtherFormats(path: string): void {
  const known = advice.find(([ending]) => ending.test(path));
  if (known)
    throw new UnsupportedError(`${path}: got ${known[1]}, expected the model.json of a LayersModel; ${known[2](path)}`);
}
