import { FormatError } from '@ntk/tensor';
import type { Layer } from '../layers/layer.ts';
import { listNames } from '../list-names.ts';
import { compareFits, fitOf, indexByOwner, parseWeightName, type Fit, type SlotName } from './weight-names.ts';

/** A layer with weights, by its path of names from the outermost model down. */
export interface WeightedLayer {
  readonly path: readonly string[];
  readonly layer: Layer;
  /** True if the file marks the layer as not trainable, which says how it was trained, not what can be linearised. */
  readonly frozen: boolean;
}

/** Where a file's weight goes. */
export interface Assignment {
  /** Names from the outermost model down, joined by '/'. */
  readonly layer: string;
  readonly slot: string;
  readonly trainable: boolean;
}

/**
 * Finds the layer and slot of every weight of a file by its name.
 *
 * Files name a weight after its layer and its slot, with more or less around them: 'dense/kernel', 'dense_1/kernel:0',
 * 'sequential/dense/kernel' (the model), 'lstm/lstm_cell/kernel' (an inner cell), 'dense/0' (the slot's number, Keras 3). The best fit
 * over all layers is settled first, so that a layer whose name also ends another's path does not take that one's weight.
 *
 * @param names - as in the file's manifest
 * @returns an assignment for each name, in their order
 * @throws {FormatError} naming the weights that are missing, those that belong to no layer, or two that fit one slot equally well
 */
export function assignWeights(names: readonly string[], layers: readonly WeightedLayer[], label: string): Assignment[] {
  const taken = new Map<string, Assignment>();
  const missing: string[] = [];
  for (const { slot, assignment, candidates } of claimsOf(names, layers)) {
    const [best, second] = candidates.filter(({ name }) => !taken.has(name));
    if (best === undefined) missing.push(`'${assignment.layer}/${assignment.slot}'`);
    else if (second !== undefined && compareFits(best.fit, second.fit) === 0) {
      throw new FormatError(
        `${label}: got the weights '${best.name}' and '${second.name}' for ${slot.slot} of the layer '${assignment.layer}', expected one; rename the layers and export the model again`,
      );
    } else taken.set(best.name, assignment);
  }
  const left = names.filter((name) => !taken.has(name)).map((name) => `'${name}'`);
  if (missing.length + left.length > 0) {
    throw new FormatError(`${label}: ${complaint(missing, left)}; export the model and its weights together`);
  }
  return names.map((name) => taken.get(name)!);
}

/** A slot that wants a weight, with those that fit it, best first. */
interface Claim {
  readonly slot: SlotName;
  readonly assignment: Assignment;
  readonly candidates: readonly { readonly name: string; readonly fit: Fit }[];
}

/** The claims of all slots, those with the best fits first. */
function claimsOf(names: readonly string[], layers: readonly WeightedLayer[]): Claim[] {
  const namesOf = indexByOwner(names.map(parseWeightName));
  const claims = layers.flatMap(({ path, layer: { slots, aliases = [] } }) =>
    slots.map(({ name, trainable, scopes }, index): Claim => {
      const own = name.slice(name.lastIndexOf('/') + 1);
      const indexInScope = slots.slice(0, index).filter((other) => other.scopes === scopes).length;
      const slot = { path, aliases, slot: own, index, indexInScope, ...(scopes && { scopes }) };
      const near = new Set([path.at(-1)!, ...aliases].flatMap(namesOf));
      const candidates = [...near].flatMap((weight) => {
        const fit = fitOf(slot, weight);
        return fit === undefined ? [] : [{ name: weight.name, fit }];
      });
      candidates.sort((a, b) => compareFits(a.fit, b.fit));
      return { slot, assignment: { layer: path.join('/'), slot: name, trainable }, candidates };
    }),
  );
  return claims.sort((a, b) => compareFits(a.candidates[0]?.fit ?? [Infinity], b.candidates[0]?.fit ?? [Infinity]));
}

function complaint(missing: readonly string[], left: readonly string[]): string {
  const parts = [];
  if (missing.length > 0) parts.push(`got no weight for ${listNames(missing)}`);
  if (left.length > 0) {
    parts.push(`got ${listNames(left)}, which ${left.length === 1 ? 'belongs' : 'belong'} to no layer`);
  }
  return parts.join(' and ');
}
