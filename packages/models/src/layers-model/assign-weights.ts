import { FormatError } from '@ntk/tensor';
import type { Layer } from '../layers/layer.ts';
import { listNames } from '../list-names.ts';

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
 * 'sequential/dense/kernel' (the model), 'lstm/lstm_cell/kernel' (an inner cell), 'dense/0' (the slot's number, Keras 3). The layer's
 * name must be the last part but the slot, or the last but one; among several layers, the one that shares most of its path with the name.
 *
 * @param names - as in the file's manifest
 * @returns an assignment for each name, in their order
 * @throws {FormatError} naming every weight that is missing and every one that belongs to no layer
 */
export function assignWeights(names: readonly string[], layers: readonly WeightedLayer[], label: string): Assignment[] {
  const open = layers.flatMap(({ path, layer }) =>
    layer.slots.map((slot, i) => ({ path, slot, index: i, names: [path.at(-1)!, ...(layer.aliases ?? [])] })),
  );
  const taken = new Map<string, Assignment>();
  const missing: string[] = [];
  const claims = open.map((want) => ({ want, candidates: candidatesOf(want, names) }));
  // Exact claims first: a layer whose name also ends another's path must not take that one's weight.
  claims.sort((a, b) => (b.candidates[0]?.score ?? 0) - (a.candidates[0]?.score ?? 0));
  for (const { want, candidates } of claims) {
    const free = candidates.filter(({ name }) => !taken.has(name));
    const layer = want.path.join('/');
    if (free.length > 1 && free[0]!.score === free[1]!.score) {
      throw new FormatError(
        `${label}: got the weights '${free[0]!.name}' and '${free[1]!.name}' for ${want.slot.name} of the layer '${layer}', expected one; rename the layers and export the model again`,
      );
    }
    if (free.length === 0) missing.push(`'${layer}/${want.slot.name}'`);
    else taken.set(free[0]!.name, { layer, slot: want.slot.name, trainable: want.slot.trainable });
  }
  const left = names.filter((name) => !taken.has(name)).map((name) => `'${name}'`);
  if (missing.length + left.length > 0)
    throw new FormatError(`${label}: ${complaint(missing, left)}; export the model and its weights together`);
  return names.map((name) => taken.get(name)!);
}

interface Want {
  readonly path: readonly string[];
  readonly slot: { readonly name: string };
  readonly index: number;
  /** The layer's own name, then aliases. */
  readonly names: readonly string[];
}

/** Weights that a slot may mean, best first. */
function candidatesOf(want: Want, names: readonly string[]): { name: string; score: number }[] {
  return names
    .map((name) => ({ name, score: scoreOf(want, name) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
}

/** How well a weight's name fits a slot; 0 if not at all. */
function scoreOf({ path, slot, index, names }: Want, weight: string): number {
  const parts = weight.replace(/:\d+$/, '').split('/');
  const last = parts.pop();
  if (last !== slot.name && last !== String(index)) return 0;
  const prefix = parts.join('/');
  const shorter = parts.slice(0, -1).join('/');
  const outer = path.slice(0, -1);
  let best = 0;
  names.forEach((own, rank) => {
    for (const [text, penalty] of [
      [prefix, 0],
      [shorter, 1],
    ] as const) {
      if (text !== own && !text.endsWith(`/${own}`)) continue;
      const around = text.slice(0, -own.length).split('/');
      const shared = outer.filter((name) => around.includes(name)).length;
      const extra = around.filter((name) => name !== '' && !outer.includes(name)).length;
      best = Math.max(best, 1000 + 10 * shared - extra - 2 * penalty - 4 * rank);
    }
  });
  return best;
}

function complaint(missing: readonly string[], left: readonly string[]): string {
  const parts = [];
  if (missing.length > 0) parts.push(`got no weight for ${listNames(missing)}`);
  if (left.length > 0)
    parts.push(`got ${listNames(left)}, which ${left.length === 1 ? 'belongs' : 'belong'} to no layer`);
  return parts.join(' and ');
}
