import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLayersModel, readLayersModel } from '@ntk/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { denseWeights, layer, sequentialFiles } from './model-files.ts';

const good = sequentialFiles([3], [layer('Dense', 'd', { units: 2 })], denseWeights('d', 3, 2));
const text = JSON.stringify(good.modelJson);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ntk-models-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A directory with these files. */
async function directory(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  for (const [file, content] of Object.entries(files)) await writeFile(join(path, file), content);
  return path;
}

describe('reading from disk', () => {
  it('takes the directory or the file', async () => {
    const path = await directory('good', { 'model.json': text, 'weights.bin': good.weights });
    for (const source of [path, join(path, 'model.json')]) {
      const network = await readLayersModel(source);
      expect([network.meta.name, network.meta.source, network.parameters.length]).toEqual([
        'model',
        'tfjs-layers-model',
        2,
      ]);
    }
  });

  it('joins shards and groups in the order of the manifest', async () => {
    const weights = Uint8Array.from(new Uint8Array(Float32Array.from({ length: 8 }, (_, i) => i).buffer));
    const [kernel, bias] = denseWeights('d', 3, 2).map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
    const manifest = [
      { paths: ['a-1', 'a-2'], weights: [kernel] },
      { paths: ['b'], weights: [bias] },
    ];
    const path = await directory('shards', {
      'model.json': JSON.stringify({ ...good.modelJson, weightsManifest: manifest }),
      'a-1': weights.subarray(0, 5),
      'a-2': weights.subarray(5, 24),
      b: weights.subarray(24),
    });
    const { values } = await readLayersModel(path);
    expect(values.map((array) => [...array])).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7],
    ]);
  });

  it('passes options on', async () => {
    const files = sequentialFiles(
      [3],
      [layer('Dense', 'd', { units: 2, activation: 'softmax' })],
      denseWeights('d', 3, 2),
    );
    const path = await directory('softmax', {
      'model.json': JSON.stringify(files.modelJson),
      'weights.bin': files.weights,
    });
    expect((await readLayersModel(path)).meta.outputActivation).toBe('softmax');
    expect((await readLayersModel(path, { outputActivation: 'keep' })).meta.outputActivation).toBeUndefined();
  });
});

/** Files in a directory of their own, the path to read within it, and what the error says; $ stands for that path, @ for the directory. */
const failures: Record<
  string,
  { files: Record<string, string | Uint8Array>; path: string; name: string; message: string }
> = {
  'nothing there': {
    files: {},
    path: 'absent',
    name: 'FormatError',
    message:
      '$: got no such file or directory, expected model.json, the directory that holds it, or an .onnx file; check the path',
  },
  'a directory without model.json': {
    files: { 'a.txt': '' },
    path: '',
    name: 'FormatError',
    message:
      '$: got a directory without model.json, expected that of one model; name the file, or export the model by model.save(), tensorflowjs_converter or torch.onnx.export',
  },
  'text that is not JSON': {
    files: { 'model.json': '{"a": ' },
    path: '',
    name: 'FormatError',
    message: '$/model.json: got a file that is not JSON, expected a model.json; export the model again',
  },
  'bytes that are no text': {
    files: { 'model.json': Uint8Array.of(0xff, 0xfe, 0x00, 0x80) },
    path: 'model.json',
    name: 'FormatError',
    message: '$: got a file that is not JSON, expected a model.json; export the model again',
  },
  'a missing shard': {
    files: { 'model.json': text },
    path: '',
    name: 'FormatError',
    message:
      "$/model.json: got no readable file $/weights.bin (ENOENT), expected the weights file 'weights.bin' beside it; copy it there",
  },
  'a truncated shard': {
    files: { 'model.json': text, 'weights.bin': good.weights.subarray(0, 31) },
    path: '',
    name: 'FormatError',
    message:
      '$/model.json: got 31 bytes in the weights file weights.bin, expected 32; copy it again from where the model was exported',
  },
  'a shard that is too long': {
    files: { 'model.json': text, 'weights.bin': new Uint8Array(33) },
    path: '',
    name: 'FormatError',
    message:
      '$/model.json: got 33 bytes in the weights file weights.bin, expected 32; copy it again from where the model was exported',
  },
  'two shards that are too short together': {
    files: { 'model.json': text.replace('"weights.bin"', '"w1","w2"'), w1: new Uint8Array(3), w2: new Uint8Array(4) },
    path: '',
    name: 'FormatError',
    message:
      '$/model.json: got 7 bytes in the weights files w1, w2, expected 32; copy them again from where the model was exported',
  },
  'a shard outside the directory': {
    files: { 'model.json': text.replace('weights.bin', '../weights.bin') },
    path: '',
    name: 'FormatError',
    message:
      "$/model.json: got the weights file '../weights.bin', expected a path below the model's own directory; move the file and correct the path",
  },
  'a shard with an absolute path': {
    files: { 'model.json': text.replace('weights.bin', '/weights.bin') },
    path: '',
    name: 'FormatError',
    message:
      "$/model.json: got the weights file '/weights.bin', expected a path below the model's own directory; move the file and correct the path",
  },
  'a .keras file': {
    files: { 'net.keras': '' },
    path: 'net.keras',
    name: 'UnsupportedError',
    message:
      '$: got a Keras 3 file, expected a model.json or an .onnx file; convert it by: tensorflowjs_converter --input_format=keras_keras --output_format=tfjs_layers_model $ model',
  },
  'an .h5 file': {
    files: { 'net.h5': '' },
    path: 'net.h5',
    name: 'UnsupportedError',
    message:
      '$: got a Keras HDF5 file, expected a model.json or an .onnx file; convert it by: tensorflowjs_converter --input_format=keras $ model',
  },
  'a directory with an .h5 file': {
    files: { 'net.h5': '' },
    path: '',
    name: 'UnsupportedError',
    message:
      '$/net.h5: got a Keras HDF5 file, expected a model.json or an .onnx file; convert it by: tensorflowjs_converter --input_format=keras $/net.h5 model',
  },
  'a SavedModel': {
    files: { 'saved_model.pb': '' },
    path: '',
    name: 'UnsupportedError',
    message:
      '$/saved_model.pb: got a TensorFlow SavedModel, expected a model.json or an .onnx file; convert its directory by: tensorflowjs_converter --input_format=tf_saved_model --output_format=tfjs_graph_model $ model',
  },
  'a frozen graph': {
    files: { 'net.pb': '' },
    path: 'net.pb',
    name: 'UnsupportedError',
    message:
      '$: got a frozen TensorFlow graph, expected a model.json or an .onnx file; convert it by: tensorflowjs_converter --input_format=tf_frozen_model --output_node_names=OUTPUTS $ model',
  },
  'an ONNX file': {
    files: { 'net.onnx': '' },
    path: 'net.onnx',
    name: 'UnsupportedError',
    message: '$: got an ONNX file, expected a model.json; read it with readModel or readOnnx',
  },
  'a PyTorch file': {
    files: { 'net.pt': '' },
    path: 'net.pt',
    name: 'UnsupportedError',
    message:
      "$: got weights of PyTorch without a network, expected a model.json or an .onnx file; build the network in PyTorch as 'network', and export it with its weights by: network.load_state_dict(torch.load('$')); torch.onnx.export(network.eval(), (torch.zeros(1, INPUTS),), 'model.onnx', optimize=False)",
  },
  'a safetensors file': {
    files: { 'net.safetensors': '' },
    path: 'net.safetensors',
    name: 'UnsupportedError',
    message:
      "$: got weights without a network, expected a model.json or an .onnx file; build the network in PyTorch as 'network', and export it with its weights by: safetensors.torch.load_model(network, '$'); torch.onnx.export(network.eval(), (torch.zeros(1, INPUTS),), 'model.onnx', optimize=False)",
  },
};

describe('what cannot be read says why', () => {
  it.each(Object.keys(failures))('%s', async (title) => {
    const { files, path, name, message } = failures[title]!;
    const at = join(await directory(title.replaceAll(/\W/g, '-'), files), path).replace(/\/$/, '');
    const error = await readLayersModel(at).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect({ name: error?.name, message: error?.message }).toEqual({ name, message: message.replaceAll('$', at) });
  });
});

describe('reading from anywhere', () => {
  it('asks for model.json and the files that it names', async () => {
    const asked: string[] = [];
    const network = await loadLayersModel('model.json', (name) => {
      asked.push(name);
      return Promise.resolve(name === 'model.json' ? new TextEncoder().encode(text) : good.weights);
    });
    expect(asked).toEqual(['model.json', 'weights.bin']);
    expect(network.parameters).toHaveLength(2);
  });
});
