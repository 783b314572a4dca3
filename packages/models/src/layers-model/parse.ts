import type { Network } from '@ntk/tensor';
import type { OutputMode } from '../outputs/output-mode.ts';
import { buildNetwork } from './build-network.ts';
import { manifestNotes } from '../weights-manifest/decode.ts';
import { checkModelJson } from './model-json.ts';
import { decodeWeights } from './weights.ts';

/** Options of every reader of a LayersModel. */
export interface ParseOptions {
  /** 'logits' (the default) splits a final softmax or sigmoid off; 'keep' leaves the outputs as the file computes them. */
  readonly outputActivation?: OutputMode;
  /** The file's name in messages. */
  readonly label?: string;
}

/**
 * A LayersModel as a Network.
 *
 * Parameters have the names and the order of the file's manifest. Values are float32 as stored, or dequantised.
 *
 * @param modelJson - the parsed model.json
 * @param weights - the binary files that it lists, one after the other; borrowed
 * @throws {FormatError} if the JSON is no LayersModel, the bytes are too few or too many, or weights are missing or left over
 * @throws {UnsupportedError} listing every layer and activation that is not supported; for a GraphModel; for weights that are not float32
 * @throws {ShapeError} naming a layer whose inputs or weights do not fit
 *
 * Cost: one copy of the weights.
 */
export function parseLayersModel(modelJson: unknown, weights: Uint8Array, options: ParseOptions = {}): Network {
  const { outputActivation = 'logits', label = 'model.json' } = options;
  const file = checkModelJson(modelJson, label);
  const stored = decodeWeights(file.weightsManifest, weights, label);
  return buildNetwork(file.topology, stored, {
    label,
    outputMode: outputActivation,
    notes: manifestNotes(file.weightsManifest),
  });
}
