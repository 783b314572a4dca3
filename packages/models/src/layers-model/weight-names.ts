/** A weight's name in parts. */
export interface WeightName {
  /** As in the file. */
  readonly name: string;
  /** What stands before the slot: layers, models, cells. */
  readonly owners: readonly string[];
  /** The last part, without an output number: 'kernel', or the slot's number. */
  readonly slot: string;
}

/** A weight slot of a layer, looking for its weight. */
export interface SlotName {
  /** The layer's names from the outermost model down. */
  readonly path: readonly string[];
  /** Names other than the last of the path under which the layer may appear. */
  readonly aliases: readonly string[];
  readonly slot: string;
  /** The slot's place among those of its layer. */
  readonly index: number;
}

/** How well a name fits a slot: numbers to compare in turn, smaller is better. */
export type Fit = readonly number[];

/** 'model/dense/kernel:0' in parts. */
export function parseWeightName(name: string): WeightName {
  const owners = name.replace(/:\d+$/, '').split('/');
  const slot = owners.pop()!;
  return { name, owners, slot };
}

/** Names by what their layer may end in, so that a large model does not compare every name with every slot. */
export function indexByOwner(names: readonly WeightName[]): (owner: string) => readonly WeightName[] {
  const index = new Map<string, WeightName[]>();
  for (const name of names) {
    for (const part of new Set(name.owners.slice(-2))) index.set(part, [...(index.get(part) ?? []), name]);
  }
  return (owner) => index.get(lastPart(owner)) ?? [];
}

/**
 * Compares a name with a slot.
 *
 * @returns undefined if they do not fit. Else, in order of weight: whether only an alias fits, names of the path that are missing in the
 *   name, whether an inner cell stands between layer and slot, and names that are not in the path.
 */
export function fitOf({ path, aliases, slot, index }: SlotName, name: WeightName): Fit | undefined {
  if (name.slot !== slot && name.slot !== String(index)) return undefined;
  const outer = path.slice(0, -1);
  const fits: Fit[] = [];
  for (const [rank, own] of [path.at(-1)!, ...aliases].entries()) {
    for (const cells of [0, 1]) {
      const around = outerOwners(name.owners.slice(0, name.owners.length - cells), own);
      if (around === undefined) continue;
      const missing = outer.filter((part) => !around.includes(part)).length;
      const extra = around.filter((part) => !outer.includes(part)).length;
      fits.push([rank, missing, cells, extra]);
    }
  }
  return fits.sort(compareFits)[0];
}

/** Orders fits, the best first. */
export function compareFits(a: Fit, b: Fit): number {
  const place = a.findIndex((value, i) => value !== b[i]);
  return place === -1 ? 0 : a[place]! - b[place]!;
}

/** The owners before a layer's name, which may itself hold slashes; undefined if the owners do not end in it. */
function outerOwners(owners: readonly string[], layer: string): readonly string[] | undefined {
  const parts = layer.split('/');
  const start = owners.length - parts.length;
  return start >= 0 && parts.every((part, i) => owners[start + i] === part) ? owners.slice(0, start) : undefined;
}

function lastPart(layer: string): string {
  return layer.slice(layer.lastIndexOf('/') + 1);
}
