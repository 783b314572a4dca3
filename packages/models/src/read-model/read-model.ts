import type { Network } from '@ntk/tensor';
import { isGraphModel } from '../graph-model/graph-json.ts';
import { graphModelFrom } from '../graph-model/read.ts';
import { layersModelFrom } from '../layers-model/read.ts';
import { readOnnx } from '../onnx/read.ts';
import type { OutputMode } from '../outputs/output-mode.ts';
import { loadJson } from '../weights-manifest/load.ts';
import { diskReader } from './disk.ts';
import { locateModel } from './locate.ts';

/** Options of `readModel`. */
export interface ReadModelOptions {
  /** 'logits' (the default) splits a final softmax or sigmoid off; 'keep' leaves the outputs as the file computes them. */
  readonly outputActivation?: OutputMode;
  /** Shapes of an example, by the name of the input, where a GraphModel or an ONNX file leaves extents open. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
}

/**
 * Reads a network from disk (Node): a LayersModel or GraphModel of TensorFlow.js, or an ONNX file, whichever it is.
 *
 * @param path - model.json, the directory that holds it or one .onnx file, or an .onnx file
 * @throws {UnsupportedError} for a file of another format, with the command that converts it; what the format's own reader throws
 */
export async function readModel(path: string, options: ReadModelOptions = {}): Promise<Network> {
  const { file, kind } = await locateModel(path);
  if (kind === 'onnx') return readOnnx(file, options);
  const read = await diskReader(file);
  const json = await loadJson(file, read, file);
  return (isGraphModel(json) ? graphModelFrom : layersModelFrom)(json, read, { ...options, label: file });
}
