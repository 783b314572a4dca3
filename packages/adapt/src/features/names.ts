import { closestMatch } from 'leven';

const SHOWN = 12;

/** Names for a message, cut short where there are many: "a, b, c". */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(', ');
  return names.length > SHOWN ? `${shown}, … (${names.length} in all)` : shown;
}

/**
 * The candidate that was probably meant, by edit distance without regard to case, or the one that the name is a part of.
 *
 * @returns undefined where nothing is near
 */
export function closestName(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const lower = candidates.map((candidate) => candidate.toLowerCase());
  const maxDistance = Math.min(Math.max(1, Math.floor(wanted.length / 3)), wanted.length - 1);
  const near = closestMatch(wanted, lower, { maxDistance });
  const index =
    near !== undefined
      ? lower.indexOf(near)
      : lower.findIndex((candidate) => wanted.length > 2 && candidate.includes(wanted));
  return candidates[index];
}

/** The question for a message, or nothing: " (did you mean 'temp_max'?)". */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const closest = closestName(name, candidates);
  return closest === undefined ? '' : ` (did you mean '${closest}'?)`;
}

/** A cell or an argument for a message: quoted, on one line, at most 40 characters. */
export function quoted(text: string): string {
  const visible = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return `'${visible.length > 40 ? `${visible.slice(0, 37)}…` : visible}'`;
}
