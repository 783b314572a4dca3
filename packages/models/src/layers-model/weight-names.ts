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
  /** The weight's own name, the last part of the slot's. */
  readonly slot: string;
  /** The slot's place among those of its layer. */
  readonly index: number;
  /** Names of which one stands between layer and weight; without any, nothing does. */
  readonly scopes?: readonly string[];
  /** The slot's place among those of its layer with the same scopes. */
  readonly indexInScope: number;
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
    for (const part of new Set(name.owners.slice(-4))) index.set(part, [...(index.get(part) ?? []), name]);
  }
  return (owner) => index.get(lastPart(owner)) ?? [];
}

/**
 * Compares a name with a slot.
 *
 * @returns undefined if they do not fit. Else, in order of weight: whether only an alias fits, names of the path that are missing in the
 *   name, how many inner cells stand between layer and slot, and names that are not in the path.
 */
export function fitOf(slot: SlotName, name: WeightName): Fit | undefined {
  const outer = slot.path.slice(0, -1);
  const fits: Fit[] = [];
  for (const { owners, cells } of ownersOf(slot, name)) {
    for (const [rank, own] of [slot.path.at(-1)!, ...slot.aliases].entries()) {
      const around = outerOwners(owners, own);
      if (around === undefined) continue;
      const missing = outer.filter((part) => !around.includes(part)).length;
      const extra = around.filter((part) => !outer.includes(part)).length;
      fits.push([rank, missing, cells, extra]);
    }
  }
  return fits.sort(compareFits)[0];
}

/** What may be the layer of a name: what stands before the slot, or before an inner cell and the slot's scope. */
function ownersOf(
  { slot, index, scopes, indexInScope }: SlotName,
  { owners, slot: last }: WeightName,
): { readonly owners: readonly string[]; readonly cells: number }[] {
  const isNamed = last === slot;
  const around = [0, 1].map((cells) => ({ owners: owners.slice(0, owners.length - cells), cells }));
  if (scopes === undefined) return isNamed || last === String(index) ? around : [];
  const scoped = around.flatMap((each) =>
    scopes.flatMap((scope) => {
      const before = outerOwners(each.owners, scope);
      return before === undefined ? [] : [{ ...each, owners: before }];
    }),
  );
  const numbered = last === String(index) ? around.slice(0, 1) : [];
  return isNamed || last === String(indexInScope) ? [...scoped, ...numbered] : numbered;
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
