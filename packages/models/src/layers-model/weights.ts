import { FormatError, UnsupportedError, type Shape } from '@ntk/tensor';
import { decodeTensors, type StoredTensor } from '../weights-manifest/decode.ts';
import type { WeightsGroup } from '../weights-manifest/manifest.ts';

/** A weight tensor of a LayersModel. */
export interface StoredWeight {
  readonly name: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

/**
 * Reads the weights of a LayersModel from the concatenation of all files of its manifest.
 *
 * @param label - the model's file in messages
 * @throws what `decodeTensors` throws; {UnsupportedError} if a weight is not of float32; {FormatError} if one is not finite
 */
export function decodeWeights(manifest: readonly WeightsGroup[], bytes: Uint8Array, label: string): StoredWeight[] {
  return decodeTensors(manifest, bytes, label).map((tensor) => checkWeight(tensor, label));
}

function checkWeight({ name, shape, type, values }: StoredTensor, label: string): StoredWeight {
  if (!(values instanceof Float32Array)) {
    throw new UnsupportedError(
      `${label}: got the type '${type}' for the weight '${name}', expected float32; export the model in single precision`,
    );
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return { name, shape, values };
  throw new FormatError(
    `${label}: got ${values[bad]} at entry ${bad} of the weight '${name}', expected finite numbers; the training may have diverged: export an earlier state, or train again`,
  );
}
