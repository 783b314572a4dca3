import { UnsupportedError } from '@ntk/tensor';
import { checkFinite } from '../check-finite.ts';
import { decodeTensors, type StoredReals, type StoredTensor } from '../weights-manifest/decode.ts';
import type { WeightsGroup } from '../weights-manifest/weights-group.ts';

/**
 * Reads the weights of a LayersModel from the concatenation of all files of its manifest; counters of training are none.
 *
 * @param label - the model's file in messages
 * @throws what `decodeTensors` throws; {UnsupportedError} if a weight is not of float32; {FormatError} if one is not finite
 */
export function decodeWeights(manifest: readonly WeightsGroup[], bytes: Uint8Array, label: string): StoredReals[] {
  return decodeTensors(manifest, bytes, label)
    .filter((tensor) => !isCounter(tensor))
    .map((tensor) => checkWeight(tensor, label));
}

/** A whole number counts something in training, such as the inputs that a normalisation has seen. */
function isCounter({ type, shape }: StoredTensor): boolean {
  return type === 'int32' && shape.length === 0;
}

function checkWeight(tensor: StoredTensor, label: string): StoredReals {
  const { name, type } = tensor;
  if (type !== 'float32') {
    throw new UnsupportedError(
      `${label}: got the type '${type}' for the weight '${name}', expected float32; export the model in single precision`,
    );
  }
  checkFinite(tensor.values, name, label);
  return tensor;
}
