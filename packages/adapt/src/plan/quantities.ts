import type { Sizes } from './sizes.ts';

/** Sizes as a phrase. */
export function describeSizes({ n, c, p, m }: Sizes): string {
  return `${n} examples with ${c} output${c === 1 ? '' : 's'}, ${p} parameters, ${m} examples to predict`;
}

/** Bytes as people read them. */
export function formatBytes(bytes: number): string {
  const gibibytes = bytes / 2 ** 30;
  if (gibibytes >= 1) return `${Number(gibibytes.toPrecision(3))} GiB`;
  return `${Math.max(1, Math.round(bytes / 2 ** 20))} MiB`;
}

/** Seconds as people read them. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(1000 * seconds))} ms`;
  if (seconds < 120) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(3))} h`;
}
