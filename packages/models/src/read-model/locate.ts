import { FormatError, UnsupportedError } from '@ntk/tensor';

/** What to do with a model of a format that is not read, by the ending of its file. */
interface OtherFormat {
  readonly ending: RegExp;
  readonly format: string;
  readonly remedy: (file: string) => string;
}

/** How PyTorch gives its networks away: with batch normalisation as layers of its own. */
function torchExport(load: (file: string) => string): OtherFormat['remedy'] {
  return (file) =>
    `build the network in PyTorch as 'network', and export it with its weights by: ${load(file)}; torch.onnx.export(network.eval(), (torch.zeros(1, INPUTS),), 'model.onnx', optimize=False)`;
}

const others: readonly OtherFormat[] = [
  {
    ending: /\.keras$/i,
    format: 'a Keras 3 file',
    remedy: (file) =>
      `convert it by: tensorflowjs_converter --input_format=keras_keras --output_format=tfjs_layers_model ${file} model`,
  },
  {
    ending: /\.(h5|hdf5)$/i,
    format: 'a Keras HDF5 file',
    remedy: (file) => `convert it by: tensorflowjs_converter --input_format=keras ${file} model`,
  },
  {
    ending: /saved_model\.pb$/i,
    format: 'a TensorFlow SavedModel',
    remedy: (file) => {
      const directory = file.replace(/[/\\]?saved_model\.pb$/i, '') || '.';
      return `convert its directory by: tensorflowjs_converter --input_format=tf_saved_model --output_format=tfjs_graph_model ${directory} model`;
    },
  },
  {
    ending: /\.pb$/i,
    format: 'a frozen TensorFlow graph',
    remedy: (file) =>
      `convert it by: tensorflowjs_converter --input_format=tf_frozen_model --output_node_names=OUTPUTS ${file} model`,
  },
  {
    ending: /\.tflite$/i,
    format: 'a TensorFlow Lite file',
    remedy: (file) => `convert it by: python -m tf2onnx.convert --tflite ${file} --output model.onnx`,
  },
  {
    ending: /\.(pt|pth|ckpt)$/i,
    format: 'weights of PyTorch without a network',
    remedy: torchExport((file) => `network.load_state_dict(torch.load('${file}'))`),
  },
  {
    ending: /\.safetensors$/i,
    format: 'weights without a network',
    remedy: torchExport((file) => `safetensors.torch.load_model(network, '${file}')`),
  },
  {
    ending: /\.(pkl|joblib)$/i,
    format: 'a Python object',
    remedy: (file) =>
      `if it is a model of scikit-learn, convert it by: python -c "import joblib, numpy, skl2onnx; open('model.onnx', 'wb').write(skl2onnx.to_onnx(joblib.load('${file}'), numpy.zeros((1, INPUTS), 'float32')).SerializeToString())"`,
  },
];

/** One sentence on how to convert a file, if its ending tells a format that is not read. */
export function conversionAdvice(file: string): string | undefined {
  return others.find(({ ending }) => ending.test(file))?.remedy(file);
}

/** Where a model is, and how its file is to be read. */
export interface ModelLocation {
  readonly file: string;
  readonly kind: 'json' | 'onnx';
}

/**
 * The file that a path means: the file itself, or the model.json or the only .onnx file of the directory.
 *
 * @throws {UnsupportedError} for a model of another format, with the command that converts it
 * @throws {FormatError} if there is nothing, or a directory without a model
 */
export async function locateModel(path: string): Promise<ModelLocation> {
  const { readdir, stat } = await import('node:fs/promises');
  const nodePath = await import('node:path');
  rejectOtherFormats(path);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new FormatError(
      `${path}: got no such file or directory, expected model.json, the directory that holds it, or an .onnx file; check the path`,
    );
  if (!found.isDirectory()) return { file: path, kind: isOnnx(path) ? 'onnx' : 'json' };
  const names = await readdir(path);
  if (names.includes('model.json')) return { file: nodePath.join(path, 'model.json'), kind: 'json' };
  const [model, second] = names.filter(isOnnx);
  if (model !== undefined && second === undefined) return { file: nodePath.join(path, model), kind: 'onnx' };
  for (const name of names) rejectOtherFormats(nodePath.join(path, name));
  throw new FormatError(
    `${path}: got a directory ${model === undefined ? 'without model.json' : 'with several .onnx files'}, expected that of one model; name the file, or export the model by model.save(), tensorflowjs_converter or torch.onnx.export`,
  );
}

/**
 * The model.json that a path means.
 *
 * @throws what `locateModel` throws; {UnsupportedError} for an ONNX file
 */
export async function jsonFileOf(path: string): Promise<string> {
  const { file, kind } = await locateModel(path);
  if (kind === 'json') return file;
  throw new UnsupportedError(`${file}: got an ONNX file, expected a model.json; read it with readModel or readOnnx`);
}

function isOnnx(name: string): boolean {
  return /\.onnx$/i.test(name);
}

function rejectOtherFormats(path: string): void {
  const known = others.find(({ ending }) => ending.test(path));
  if (known)
    throw new UnsupportedError(
      `${path}: got ${known.format}, expected a model.json or an .onnx file; ${known.remedy(path)}`,
    );
}
