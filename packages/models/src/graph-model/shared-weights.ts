import type { StoredReals, StoredTensor } from '../weights-manifest/decode.ts';

/**
 * Finds variables that were frozen more than once: a layer that a network calls twice, or a cell at every step, reads its weights in several places, and
 * the converter makes a constant of each. They are one weight.
 *
 * Two weights with the same numbers are taken for one, unless all entries are equal, as they are before training.
 *
 * @returns the first of those alike, by the names of the others
 */
export function sharedWeights(tensors: readonly StoredTensor[]): ReadonlyMap<string, StoredReals> {
  const seen = new Map<string, StoredReals[]>();
  const shared = new Map<string, StoredReals>();
  for (const tensor of tensors) {
    if (tensor.type !== 'float32' || tensor.values.every((value) => value === tensor.values[0])) continue;
    const key = `${tensor.shape.join()}: ${tensor.values.slice(0, 4).join()}`;
    const alike = seen.get(key) ?? [];
    const first = alike.find(({ values }) => values.every((value, i) => value === tensor.values[i]));
    if (first) shared.set(tensor.name, first);
    else seen.set(key, [...alike, tensor]);
  }
  return shared;
}
