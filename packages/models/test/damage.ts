import type { Rng } from '@ntk/tensor';

/** A copy with one member, anywhere, replaced by junk or left out. */
export function damaged(json: unknown, rng: Rng, junk: readonly unknown[]): unknown {
  const copy = structuredClone(json);
  const members: { readonly parent: Record<string | number, unknown>; readonly key: string | number }[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      const parent = value as Record<string | number, unknown>;
      members.push({ parent, key });
      visit(parent[key]);
    }
  };
  visit(copy);
  const { parent, key } = members[rng.integer(members.length)]!;
  if (rng.uniform() < 0.3) delete parent[key];
  else parent[key] = structuredClone(junk[rng.integer(junk.length)]);
  // As a file: what is left out of a list becomes null.
  return JSON.parse(JSON.stringify(copy));
}
